//! The words of the schema, one file for each thing that is asked about.

pub mod access;
pub mod action;
pub mod alarm;
pub mod answer;
pub mod asset_health;
pub mod audit;
pub mod budget;
pub mod case;
pub mod comparison;
pub mod connection;
pub mod contact;
pub mod crew;
pub mod evidence;
pub mod forecast;
pub mod health;
pub mod inspection;
pub mod investigation;
pub mod notice;
pub mod plant;
pub mod proof;
pub mod readings;
pub mod setting;
pub mod similar;
pub mod summary;
pub mod ticket;
pub mod trial;
