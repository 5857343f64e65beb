//! Facts as columns of a Parquet file that is made while it is sent: what stands in the envelope, and the record as text.

use millwright_domain::{
    chain::{Hash, StoredRecord},
    codec::{DecodeError, decode},
    envelope::Recorded,
    position::PartitionId,
};
use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};
use thiserror::Error;

/// In this order, the row groups are written.
const SCHEMA: &str = "message ledger {
    REQUIRED BINARY partition (UTF8);
    REQUIRED INT64 seq;
    REQUIRED BINARY id (UTF8);
    REQUIRED BINARY type (UTF8);
    REQUIRED INT64 schema;
    REQUIRED BINARY stream (UTF8);
    REQUIRED INT64 version;
    REQUIRED BINARY actor (UTF8);
    REQUIRED INT64 occurred_at (TIMESTAMP(MICROS,true));
    REQUIRED INT64 recorded_at (TIMESTAMP(MICROS,true));
    OPTIONAL BINARY command (UTF8);
    OPTIONAL BINARY causation (UTF8);
    REQUIRED BINARY correlation (UTF8);
    REQUIRED BINARY hash (UTF8);
    REQUIRED BINARY record (UTF8);
}";

/// Rows that are held until they make a group. More are quicker to read, and need more memory here.
const GROUP: usize = 8_192;

#[derive(Debug, Error)]
pub enum ColumnsError {
    #[error("the columns could not be written")]
    Parquet(#[from] ParquetError),
    #[error("a record could not be read as a fact; run `millwright audit verify`")]
    Fact(#[from] DecodeError),
}

pub struct Columns {
    writer: SerializedFileWriter<Written>,
    written: Written,
    rows: Vec<Row>,
}

struct Row {
    fact: Recorded,
    hash: Hash,
    bytes: Vec<u8>,
}

/// What has been written and not been taken yet.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Columns {
    pub fn begin() -> Result<Self, ColumnsError> {
        let written = Written::default();
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(written.clone(), Arc::new(parse_message_type(SCHEMA)?), Arc::new(properties))?;
        Ok(Self { writer, written, rows: vec![] })
    }

    /// Takes records in; gives the bytes that are ready to leave.
    pub fn page(&mut self, _: &PartitionId, records: &[(Hash, StoredRecord)]) -> Result<Vec<u8>, ColumnsError> {
        for (_, record) in records {
            self.rows.push(Row { fact: decode(&record.bytes)?, hash: record.hash, bytes: record.bytes.clone() });
        }
        if self.rows.len() >= GROUP {
            self.group()?;
        }
        Ok(self.written.take())
    }

    /// The last bytes.
    pub fn end(mut self) -> Result<Vec<u8>, ColumnsError> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        self.writer.close()?;
        Ok(self.written.take())
    }

    fn group(&mut self) -> Result<(), ColumnsError> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.writer.next_row_group()?;
        texts(&mut group, &rows, |row| row.fact.partition.to_string())?;
        whole(&mut group, &rows, |row| row.fact.seq as i64)?;
        texts(&mut group, &rows, |row| row.fact.id.to_string())?;
        texts(&mut group, &rows, |row| row.fact.event.kind().to_string())?;
        whole(&mut group, &rows, |row| row.fact.event.schema().into())?;
        texts(&mut group, &rows, |row| row.fact.stream.to_string())?;
        whole(&mut group, &rows, |row| row.fact.version as i64)?;
        texts(&mut group, &rows, |row| row.fact.actor.to_string())?;
        whole(&mut group, &rows, |row| row.fact.occurred_at.micros())?;
        whole(&mut group, &rows, |row| row.fact.recorded_at.micros())?;
        maybe(&mut group, &rows, |row| row.fact.command.map(|id| id.to_string()))?;
        maybe(&mut group, &rows, |row| row.fact.causation.map(|id| id.to_string()))?;
        texts(&mut group, &rows, |row| row.fact.correlation.to_string())?;
        texts(&mut group, &rows, |row| row.hash.to_string())?;
        texts(&mut group, &rows, |row| String::from_utf8_lossy(&row.bytes).into_owned())?;
        group.close()?;
        Ok(())
    }
}

type Group<'a> = SerializedRowGroupWriter<'a, Written>;

fn texts(group: &mut Group<'_>, rows: &[Row], of: impl Fn(&Row) -> String) -> Result<(), ParquetError> {
    let values: Vec<ByteArray> = rows.iter().map(|row| of(row).into_bytes().into()).collect();
    bytes(group, &values, None)
}

fn maybe(group: &mut Group<'_>, rows: &[Row], of: impl Fn(&Row) -> Option<String>) -> Result<(), ParquetError> {
    let all: Vec<Option<String>> = rows.iter().map(of).collect();
    let there: Vec<i16> = all.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<ByteArray> = all.into_iter().flatten().map(|value| value.into_bytes().into()).collect();
    bytes(group, &values, Some(&there))
}

fn bytes(group: &mut Group<'_>, values: &[ByteArray], there: Option<&[i16]>) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Err(ParquetError::General("the schema has too few columns".into())) };
    column.typed::<ByteArrayType>().write_batch(values, there, None)?;
    column.close()
}

fn whole(group: &mut Group<'_>, rows: &[Row], of: impl Fn(&Row) -> i64) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Err(ParquetError::General("the schema has too few columns".into())) };
    let values: Vec<i64> = rows.iter().map(of).collect();
    column.typed::<Int64Type>().write_batch(&values, None, None)?;
    column.close()
}
