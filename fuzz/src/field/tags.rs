//! Lists of tags that other tools export: whatever they hold, what is written of them is a plant file.

use crate::targets::{Target, owned};
use millwright_ingest::tags::{
    self,
    plant_file::{About, write},
};

pub const TARGETS: &[Target] = &[Target { name: "tags", run: list, seeds: list_seeds }];

fn list(bytes: &[u8]) {
    let Ok(tags) = tags::read(bytes) else { return };
    let name = |text: &str| text.to_string();
    let about = About {
        file: name("fuzz"),
        site: "fuzz".parse().expect("a name"),
        asset: "machine".parse().expect("a name"),
        device: "plc".parse().expect("a name"),
        protocol: name("modbus_tcp"),
        address: None,
    };
    if let Ok(written) = write(&about, &tags) {
        assert_eq!(written.used, written.text.matches("[[plant.assets.signals]]\n").count(), "each tag is one signal, whatever its text says");
        assert_eq!(written.used + written.unusable.len(), tags.tags.len() + tags.unusable.len(), "no row is lost without a word");
    }
}

fn list_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "name,address,type,scale,unit,kind,asset\nspeed,40001,REAL,0.1,rpm,speed,pump\ntemp,ir:3,INT,,\u{b0}C,,\n",
        "sep=;\nTag name;Register;Slave id;Byte order;Comment\n\"a;b\";40001;2;cdab;x\n",
        "<?xml version='1.0'?><Tagtable name='t'><Tag type='Real' addr='400001' remark='&amp;'>Speed</Tag></Tagtable>",
        "<D><AttributeList><Number>1</Number></AttributeList><Member Name='a' Datatype='Real' Offset='4.0'/></D>",
    ])
}
