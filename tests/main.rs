//! The whole program from outside: the architecture rule, the road, restarts, replay.

mod architecture;
