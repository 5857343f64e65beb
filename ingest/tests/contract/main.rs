//! One contract that every protocol keeps, each against an independent peer, over a wire in our hands.
//!
//! `suite.rs` is the contract, `bench.rs` what a protocol has to say of its peer to be held against it, `wire.rs` the wire that is late,
//! silent, cut or garbled. One file a protocol follows.
#![allow(clippy::unwrap_used)]

mod bench;
#[path = "../support/broker.rs"]
mod broker;
mod ethernet_ip;
mod frames;
mod modbus_rtu;
mod modbus_tcp;
mod mqtt;
mod opc_ua;
#[path = "../support/peer.rs"]
mod peer;
#[cfg(feature = "s7")]
mod s7;
mod sparkplug;
mod stage;
mod suite;
#[path = "../support/mod.rs"]
mod support;
mod wire;

/// The contract's tests for one protocol.
macro_rules! contract {
    ($bench:ty) => {
        $crate::contract!($bench:
            values_arrive_as_they_are,
            an_absent_device_is_waited_for_found_and_found_again,
            a_late_answer_is_never_taken_for_the_answer_to_a_later_question,
            a_wire_that_says_nothing_is_no_communication_and_recovers_by_itself,
            garbage_is_never_a_good_value,
            a_connection_that_is_cut_is_made_anew,
            what_the_device_does_not_have_is_bad_at_its_own_point_alone,
            a_write_arrives_once_and_is_read_back,
            a_write_that_is_acknowledged_and_does_not_take_is_not_applied,
            a_write_without_an_answer_is_unknown_and_never_sent_again,
            nothing_is_written_to_a_device_that_is_not_there,
        );

        #[tokio::test]
        async fn a_session_that_was_kept_gives_its_value_and_one_cut_off_before_its_end_none() {
            $crate::frames::a_session_that_was_kept_gives_its_value_and_one_cut_off_before_its_end_none::<$bench>().await;
        }
        #[tokio::test]
        #[ignore = "writes tests/frames anew"]
        async fn records_a_session() {
            $crate::frames::records_a_session::<$bench>().await;
        }
    };
    ($bench:ty: $($name:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::suite::$name::<$bench>().await;
            }
        )*
    };
}
pub(crate) use contract;
