//! What we ask of the outside, as traits in our own words. Vendor types never come through here.

pub mod address_book;
pub mod answers;
pub mod auditor;
pub mod clock;
pub mod cluster;
pub mod credentials;
pub mod event_log;
pub mod identity_provider;
pub mod inbound;
pub mod language_model;
pub mod live_readings;
pub mod messenger;
pub mod model_desk;
pub mod page_view;
pub mod plant_control;
pub mod rules_trial;
pub mod task_board;
pub mod ticket_system;
pub mod traces;
pub mod vault;
pub mod write_device;
