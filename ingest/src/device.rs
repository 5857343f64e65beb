//! A device as a person configures it, whatever it speaks. A new protocol is one more line here.

use crate::modbus::config::ModbusTcp;
use millwright_domain::ids::DeviceId;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum DeviceConfig {
    ModbusTcp(ModbusTcp),
}

impl DeviceConfig {
    pub fn id(&self) -> &DeviceId {
        match self {
            Self::ModbusTcp(config) => &config.id,
        }
    }
}
