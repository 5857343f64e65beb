//! What TIA Portal exports as XML: a PLC tag table, in its short form or as Openness writes it, or a block whose members have offsets.
//!
//! Nothing in the file is trusted: a DOCTYPE is refused, entities are not expanded but for XML's own five, depth and number are bounded.

use super::{BadTags, Tag, Tags};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

const DEEPEST: usize = 64;
/// No name, address or remark is longer.
const LONGEST_TEXT: usize = 1_000;

pub(super) fn read(text: &str) -> Result<Tags, BadTags> {
    let mut reader = Reader::from_str(text);
    let mut reading = Reading { text, tags: Tags::default(), path: vec![], block: None, tag: None, members: 0, counted: (0, 1) };
    loop {
        let at = reader.buffer_position();
        let bad = |why: String| BadTags::BadXml { at, why };
        match reader.read_event().map_err(|why| bad(why.to_string()))? {
            Event::Start(start) => reading.begins(&start, at)?,
            Event::Empty(start) => {
                reading.begins(&start, at)?;
                reading.ends()?;
            }
            Event::End(_) => reading.ends()?,
            Event::Text(text) => reading.says(&text.xml10_content()),
            Event::CData(text) => reading.says(&text.xml10_content()),
            Event::GeneralRef(name) => match meaning(&name.xml10_content()) {
                Some(letter) => reading.says(letter.encode_utf8(&mut [0; 4])),
                None => return Err(bad("an entity that XML itself does not have".into())),
            },
            Event::DocType(_) => return Err(BadTags::DocType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if reading.path.is_empty() => return Ok(reading.tags),
            Event::Eof => return Err(bad("it ends in the middle; export it once more".into())),
        }
    }
}

fn meaning(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let number = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)
        }
    }
}

struct Reading<'a> {
    text: &'a str,
    tags: Tags,
    /// The elements that are open, and what each has said so far.
    path: Vec<(String, String)>,
    /// The number of the data block that the members are of.
    block: Option<u32>,
    tag: Option<Tag>,
    /// How many members are open, one inside the other.
    members: usize,
    /// Up to which byte lines were counted, and how many.
    counted: (usize, u64),
}

impl Reading<'_> {
    fn begins(&mut self, start: &BytesStart<'_>, at: u64) -> Result<(), BadTags> {
        let bad = |why: String| BadTags::BadXml { at, why };
        if self.path.len() == DEEPEST {
            return Err(bad(format!("elements are nested deeper than {DEEPEST}")));
        }
        let name = start.local_name().as_ref().to_string();
        let attribute = |wanted: &str| -> Result<Option<String>, BadTags> {
            let found = start.try_get_attribute(wanted).map_err(|why| bad(why.to_string()))?;
            let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0)).transpose().map_err(|why| bad(why.to_string()))?;
            Ok(value.map(|value| value.trim().chars().take(LONGEST_TEXT).collect()))
        };
        let line = self.line(at);
        match name.as_str() {
            "Tag" => {
                let address = attribute("addr")?.unwrap_or_default();
                self.tag =
                    Some(Tag { line, address, data_type: attribute("type")?, comment: attribute("remark")?.unwrap_or_default(), ..Tag::default() });
            }
            "SW.Tags.PlcTag" => self.tag = Some(Tag { line, ..Tag::default() }),
            "Member" => {
                self.members += 1;
                self.member(line, attribute("Name")?, attribute("Datatype")?, attribute("Offset")?)?;
            }
            _ => {}
        }
        self.path.push((name, String::new()));
        Ok(())
    }

    fn says(&mut self, text: &str) {
        if let Some((_, said)) = self.path.last_mut().filter(|(_, said)| said.len() < LONGEST_TEXT) {
            said.extend(text.chars().take(LONGEST_TEXT));
        }
    }

    fn ends(&mut self) -> Result<(), BadTags> {
        let Some((name, said)) = self.path.pop() else { return Ok(()) };
        let said = said.trim();
        let is_inside = |element: &str| self.path.iter().any(|(open, _)| open == element);
        match (name.as_str(), &mut self.tag) {
            ("Tag", Some(tag)) => tag.name = said.into(),
            ("Name", Some(tag)) => tag.name = said.into(),
            ("LogicalAddress", Some(tag)) => tag.address = said.into(),
            ("DataTypeName", Some(tag)) => tag.data_type = Some(said.into()),
            ("Text", Some(tag)) if tag.comment.is_empty() => tag.comment = said.into(),
            ("Number", None) if is_inside("AttributeList") => self.block = said.parse().ok(),
            ("Member", None) => self.members = self.members.saturating_sub(1),
            _ => {}
        }
        if matches!(name.as_str(), "Tag" | "SW.Tags.PlcTag")
            && let Some(tag) = self.tag.take()
        {
            self.tags.take(tag)?;
        }
        Ok(())
    }

    /// A member of a data block. Only those that say where they are can be reached.
    fn member(&mut self, line: u64, name: Option<String>, data_type: Option<String>, offset: Option<String>) -> Result<(), BadTags> {
        let (Some(name), Some(data_type)) = (name, data_type) else { return Ok(()) };
        let refused = |tags: &mut Tags, why: &str| {
            tags.refuse(line, &name, why);
            if tags.unusable.len() > super::MOST_TAGS { Err(BadTags::TooMany) } else { Ok(()) }
        };
        if self.members > 1 {
            return refused(&mut self.tags, "is a part of another member, and its offset may count from there; add it by hand");
        }
        let Some(offset) = offset else {
            return refused(&mut self.tags, "has no offset; turn optimised access of the block off, compile, and export it again");
        };
        let Some(block) = self.block else {
            return refused(&mut self.tags, "is in a block whose number the file does not say before it");
        };
        let is_bit = data_type.eq_ignore_ascii_case("bool");
        let byte = offset.strip_suffix(".0").filter(|_| !is_bit).unwrap_or(&offset);
        let address = if is_bit { format!("DB{block}.DBX{offset}") } else { format!("DB{block}:{byte}:{}", data_type.to_uppercase()) };
        self.tags.take(Tag { line, name, address, ..Tag::default() })
    }

    /// The line in which this byte stands, counted on from the last one asked for.
    fn line(&mut self, at: u64) -> u64 {
        let (from, lines) = self.counted;
        let at = usize::try_from(at).unwrap_or(usize::MAX).clamp(from, self.text.len());
        let more = self.text.as_bytes()[from..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.counted = (at, lines + more);
        lines + more
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &str = "<?xml version='1.0' encoding='utf-8'?>
<Tagtable name='Default tag table'>
  <Tag type='Real' hmiVisible='True' retain='False' remark='at the &quot;coupling&quot;' addr='%MD4'>Pump_Speed</Tag>
  <Tag type='Bool' remark='' addr='%E0.1'>Pump &amp; Motor</Tag>
  <Tag type='Int' remark='' addr=''>Nowhere</Tag>
</Tagtable>";

    #[test]
    fn a_tag_table_gives_its_tags_with_their_lines() {
        let tags = read(TABLE).unwrap();
        let seen: Vec<_> = tags.tags.iter().map(|tag| (tag.line, tag.name.as_str(), tag.address.as_str(), tag.data_type.as_deref())).collect();
        assert_eq!(seen, [(3, "Pump_Speed", "%MD4", Some("Real")), (4, "Pump & Motor", "%E0.1", Some("Bool"))]);
        assert_eq!(tags.tags[0].comment, "at the \"coupling\"");
        assert_eq!((tags.unusable[0].line, tags.unusable[0].name.as_str()), (5, "Nowhere"));
    }

    #[test]
    fn openness_says_the_same_in_more_words() {
        let text = "<Document><SW.Tags.PlcTagTable><ObjectList><SW.Tags.PlcTag ID='1'><AttributeList><DataTypeName>Real</DataTypeName>
            <LogicalAddress>%MD8</LogicalAddress><Name>Flow</Name></AttributeList><ObjectList><MultilingualText><ObjectList><MultilingualTextItem>
            <AttributeList><Culture>en-US</Culture><Text>of the pump</Text></AttributeList></MultilingualTextItem></ObjectList></MultilingualText>
            </ObjectList></SW.Tags.PlcTag></ObjectList></SW.Tags.PlcTagTable></Document>";
        let tags = read(text).unwrap().tags;
        let tag = &tags[0];
        assert_eq!(
            (tag.name.as_str(), tag.address.as_str(), tag.data_type.as_deref(), tag.comment.as_str()),
            ("Flow", "%MD8", Some("Real"), "of the pump")
        );
    }

    #[test]
    fn a_block_with_offsets_gives_its_members_and_names_those_without() {
        let text = "<Document><SW.Blocks.GlobalDB><AttributeList><Number>7</Number></AttributeList><Sections><Section>
            <Member Name='Speed' Datatype='Real' Offset='4.0'/><Member Name='Runs' Datatype='Bool' Offset='8.1'/>
            <Member Name='Lost' Datatype='Int'/><Member Name='Part' Datatype='Struct' Offset='10'><Member Name='In' Datatype='Int' Offset='0'/></Member>
            </Section></Sections></SW.Blocks.GlobalDB></Document>";
        let tags = read(text).unwrap();
        let seen: Vec<_> = tags.tags.iter().map(|tag| tag.address.as_str()).collect();
        assert_eq!(seen, ["DB7:4:REAL", "DB7.DBX8.1", "DB7:10:STRUCT"]);
        let unusable: Vec<_> = tags.unusable.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(unusable, ["Lost", "In"]);
    }

    #[test]
    fn hostile_xml_is_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"&c;&c;\">]><Tagtable><Tag addr='%M0.0'>&b;</Tag></Tagtable>";
        assert_eq!(read(bomb), Err(BadTags::DocType));
        assert!(matches!(read("<Tagtable><Tag addr='%M0.0'>&b;</Tag></Tagtable>"), Err(BadTags::BadXml { .. })));
        assert!(matches!(read("<Tagtable><Tag addr='&b;'>a</Tag></Tagtable>"), Err(BadTags::BadXml { .. })));
        assert!(matches!(read(&"<a>".repeat(10_000)), Err(BadTags::BadXml { .. })));
        assert!(matches!(read("<Tagtable><Tag"), Err(BadTags::BadXml { .. })));
        assert!(matches!(read("<Tagtable>"), Err(BadTags::BadXml { .. })));
        assert!(matches!(read("</Tagtable>"), Err(BadTags::BadXml { .. })));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "<\\PC{0,80}", cut in 0usize..400) {
            drop(read(&text));
            drop(read(&TABLE.chars().take(cut).collect::<String>()));
        }
    }
}
