//! A CSV file with a line of headings, as spreadsheets and engineering tools write it.

use super::{BadTags, Tag, Tags, shortened};
use crate::files::lines::split;

/// A column that we know, and what others call it. Compared in small letters, without anything else between words.
const HEADINGS: [(Column, &[&str]); 11] = [
    (Column::Name, &["name", "tag", "tagname", "symbol", "symbolname", "variable", "variablename", "signal", "point", "pointname", "itemname"]),
    (Column::Address, &["address", "addr", "register", "registeraddress", "logicaladdress", "modbusaddress", "adresse", "logischeadresse", "topic"]),
    (Column::DataType, &["type", "datatype", "typ", "datentyp", "dataformat"]),
    (Column::Asset, &["asset", "machine", "equipment", "maschine", "anlage"]),
    (Column::Kind, &["kind", "quantity", "quantitykind"]),
    (Column::Unit, &["unit", "units", "uom", "engineeringunit", "engineeringunits", "engunit", "engunits", "einheit"]),
    (Column::Scale, &["scale", "factor", "multiplier", "gain", "scalefactor", "faktor", "skalierung"]),
    (Column::Offset, &["offset", "bias", "scaleoffset"]),
    (Column::ByteOrder, &["byteorder", "endian", "endianness", "endianess"]),
    (Column::Station, &["unitid", "slave", "slaveid", "station", "stationid", "modbusunit", "modbusid"]),
    (Column::Comment, &["comment", "description", "remark", "kommentar", "beschreibung", "bemerkung"]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Address,
    DataType,
    Asset,
    Kind,
    Unit,
    Scale,
    Offset,
    ByteOrder,
    /// Which unit of a Modbus line or gateway.
    Station,
    Comment,
}

/// Which column of the file is what.
struct Layout {
    delimiter: char,
    columns: Vec<Option<Column>>,
}

pub(super) fn read(text: &str) -> Result<Tags, BadTags> {
    let mut lines = (1u64..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let mut heading = lines.next().ok_or(BadTags::Empty)?.1;
    // Excel's own way to say which delimiter it took.
    if heading.trim_start().to_ascii_lowercase().starts_with("sep=") {
        heading = lines.next().ok_or(BadTags::Empty)?.1;
    }
    let layout = Layout::of(heading)?;
    let mut tags = Tags::default();
    for (number, line) in lines {
        match layout.tag(number, line) {
            Ok(tag) => tags.take(tag)?,
            Err(why) => tags.refuse(number, &shortened(line.split(layout.delimiter).next().unwrap_or_default()), why),
        }
    }
    Ok(tags)
}

impl Layout {
    /// By the delimiter under which most of the headings are known.
    fn of(heading: &str) -> Result<Self, BadTags> {
        let layouts = [',', ';', '\t'].map(|delimiter| Self { delimiter, columns: columns(heading, delimiter) });
        let known = |layout: &Self| layout.columns.iter().flatten().count();
        let best = layouts.into_iter().max_by_key(known).ok_or(BadTags::Empty)?;
        for (needed, what) in [(Column::Name, "name"), (Column::Address, "address")] {
            if !best.columns.contains(&Some(needed)) {
                return Err(BadTags::NoColumn { what, present: heading.chars().take(200).collect() });
            }
        }
        Ok(best)
    }

    fn tag(&self, line: u64, text: &str) -> Result<Tag, String> {
        let fields = split(text, self.delimiter).map_err(|why| why.to_string())?;
        let field = |wanted: Column| {
            let column = self.columns.iter().position(|column| *column == Some(wanted))?;
            fields.get(column).map(|field| field.trim().to_string()).filter(|field| !field.is_empty())
        };
        let mut address = field(Column::Address).unwrap_or_default();
        if let Some(station) = field(Column::Station).filter(|_| !address.is_empty() && !address.contains('!')) {
            address = format!("{station}!{address}");
        }
        Ok(Tag {
            line,
            name: field(Column::Name).unwrap_or_default(),
            address,
            data_type: field(Column::DataType),
            asset: field(Column::Asset),
            kind: field(Column::Kind),
            unit: field(Column::Unit),
            scale: number(field(Column::Scale), "scale")?,
            offset: number(field(Column::Offset), "offset")?,
            byte_order: field(Column::ByteOrder),
            comment: field(Column::Comment).unwrap_or_default(),
        })
    }
}

/// Of two columns with one meaning, the first counts.
fn columns(heading: &str, delimiter: char) -> Vec<Option<Column>> {
    let mut columns: Vec<Option<Column>> = vec![];
    for field in split(heading, delimiter).unwrap_or_default() {
        let word: String = field.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let known = HEADINGS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(column, _)| *column);
        let is_new = known.is_some() && !columns.contains(&known);
        columns.push(known.filter(|_| is_new));
    }
    columns
}

/// With a point or a comma before the decimals.
fn number(field: Option<String>, what: &str) -> Result<Option<f64>, String> {
    let Some(field) = field else { return Ok(None) };
    let number = field.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(Some).ok_or_else(|| format!("has the {what} {:?}, which is no number", shortened(&field)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headings_are_known_by_many_names_and_every_delimiter_is_found() {
        for text in [
            "Tag Name,Data type,ADDRESS,Factor\npump speed,REAL,40001,0.1\n",
            "ADRESSE;Datentyp;name;Faktor\r\n40001;REAL;pump speed;0,1\r\n",
            "sep=\t\nname\taddress\ttype\tscale\n\npump speed\t40001\tREAL\t0.1",
            "name,address,type,scale\n\"pump speed\",\"40001\",REAL,\"0,1\"",
        ] {
            let tags = read(text).unwrap().tags;
            let [tag] = &tags[..] else { panic!("{text}: {tags:?}") };
            let expected = ("pump speed", "40001", Some("REAL"), Some(0.1));
            assert_eq!((tag.name.as_str(), tag.address.as_str(), tag.data_type.as_deref(), tag.scale), expected, "{text}");
        }
    }

    #[test]
    fn a_station_in_a_column_of_its_own_goes_into_the_address() {
        let tags = read("name,slave id,address\na,3,40001\nb,,40002\nc,3,4!hr:0\n").unwrap().tags;
        assert_eq!(tags.iter().map(|tag| tag.address.as_str()).collect::<Vec<_>>(), ["3!40001", "40002", "4!hr:0"]);
    }

    #[test]
    fn a_row_that_cannot_be_used_is_named_and_the_rest_goes_on() {
        let tags = read("name,address,scale\n,40001,\nb,,\nc,40003,much\nd,40004,\n\"e,40005,\n").unwrap();
        assert_eq!(tags.tags.len(), 1);
        let named: Vec<String> = tags.unusable.iter().map(ToString::to_string).collect();
        let expected = [
            "line 2: \"\" has no name",
            "line 3: \"b\" has no address; a symbolic or optimised one cannot be reached by number",
            "line 4: \"c\" has the scale \"much\", which is no number",
            "line 6: \"\\\"e\" has a quote that is not closed in its line",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn a_missing_column_is_named_with_those_that_are_there() {
        let refused = read("name,plc\na,b\n").unwrap_err().to_string();
        assert!(refused.contains("address") && refused.contains("name,plc"), "{refused}");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}\n\\PC{0,60}\n[a-z,;\"\n]{0,60}") {
            drop(read(&text));
        }
    }
}
