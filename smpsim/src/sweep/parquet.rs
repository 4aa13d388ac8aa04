//! Rows as Parquet, in a program that was built with the feature `parquet`.

#[cfg(feature = "parquet")]
pub(super) use with::{Rows, check};
#[cfg(not(feature = "parquet"))]
pub(super) use without::{Rows, check};

#[cfg(not(feature = "parquet"))]
mod without {
    use crate::Refusal;
    use sim::sweep::{Heading, Row};
    use std::io::Write;

    /// What there is none of in this program.
    pub(in super::super) enum Rows {}

    /// Refuses, before anything is written.
    pub(in super::super) fn check() -> Result<(), Refusal> {
        Err(Refusal(
            "--parquet: this program was built without Parquet; build it with `cargo build --release \
             --features parquet`, or take --csv, which DuckDB and pandas read too"
                .to_owned(),
        ))
    }

    impl Rows {
        pub(in super::super) fn new(_: Heading, _: Box<dyn Write + Send>) -> Result<Self, Refusal> {
            Err(check().err().unwrap_or(Refusal(String::new())))
        }

        pub(in super::super) fn row(&mut self, _: &Row) -> Result<(), Refusal> {
            match *self {}
        }

        pub(in super::super) fn finish(self) -> Result<(), Refusal> {
            match self {}
        }
    }
}

#[cfg(feature = "parquet")]
mod with {
    use crate::Refusal;
    use parquet::basic::{LogicalType, Repetition, Type as Physical};
    use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::errors::ParquetError;
    use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
    use parquet::schema::types::Type;
    use sim::sweep::{Heading, Row, Shape, Shown};
    use std::io::Write;
    use std::sync::Arc;

    /// Rows of a row group; they are held until it is full.
    const GROUP: usize = 16_384;

    /// Every program with the feature can.
    #[expect(clippy::unnecessary_wraps, reason = "the program without the feature refuses")]
    pub(in super::super) fn check() -> Result<(), Refusal> {
        Ok(())
    }

    /// The values of a column in the row group that is being filled, with a 1 for each row that has
    /// one.
    enum Values {
        Count(Vec<i64>),
        Truth(Vec<bool>),
        Time(Vec<f64>),
        Word(Vec<ByteArray>),
    }

    struct Column {
        values: Values,
        there: Vec<i16>,
    }

    /// Writes Parquet: every column may be null; times are seconds.
    pub(in super::super) struct Rows {
        heading: Heading,
        to: SerializedFileWriter<Box<dyn Write + Send>>,
        columns: Vec<Column>,
        /// Rows that the row group holds so far.
        held: usize,
    }

    #[expect(clippy::needless_pass_by_value, reason = "errors are handed over by value")]
    fn refuse(e: ParquetError) -> Refusal {
        Refusal(format!("--parquet: {e}"))
    }

    impl Rows {
        pub(in super::super) fn new(
            heading: Heading,
            to: Box<dyn Write + Send>,
        ) -> Result<Self, Refusal> {
            let columns = heading.columns();
            let fields = columns
                .iter()
                .map(|(name, shape)| field(name, *shape).map(Arc::new))
                .collect::<Result<_, _>>()
                .map_err(refuse)?;
            let schema = Type::group_type_builder("smpsim").with_fields(fields).build();
            let schema = Arc::new(schema.map_err(refuse)?);
            let to = SerializedFileWriter::new(to, schema, Arc::default()).map_err(refuse)?;
            let columns = columns.iter().map(|(_, shape)| Column::new(*shape)).collect();
            Ok(Self { heading, to, columns, held: 0 })
        }

        pub(in super::super) fn row(&mut self, row: &Row) -> Result<(), Refusal> {
            let mut columns = self.columns.iter_mut();
            self.heading.each_value(row, |shown| {
                columns.next().expect("a value for each column").push(shown);
            });
            self.held += 1;
            if self.held == GROUP { self.write_group() } else { Ok(()) }
        }

        fn write_group(&mut self) -> Result<(), Refusal> {
            let mut group = self.to.next_row_group().map_err(refuse)?;
            for column in &mut self.columns {
                column.write(&mut group).map_err(refuse)?;
            }
            group.close().map_err(refuse)?;
            self.held = 0;
            Ok(())
        }

        pub(in super::super) fn finish(mut self) -> Result<(), Refusal> {
            if self.held > 0 {
                self.write_group()?;
            }
            let mut to = self.to.into_inner().map_err(refuse)?;
            to.flush().map_err(|e| Refusal(format!("--parquet: {e}")))
        }
    }

    fn field(name: &str, shape: Shape) -> Result<Type, ParquetError> {
        let (physical, logical) = match shape {
            Shape::Count | Shape::Signed => (Physical::INT64, None),
            Shape::Truth => (Physical::BOOLEAN, None),
            Shape::Time => (Physical::DOUBLE, None),
            Shape::Word => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
    }

    impl Column {
        fn new(shape: Shape) -> Self {
            let values = match shape {
                Shape::Count | Shape::Signed => Values::Count(Vec::new()),
                Shape::Truth => Values::Truth(Vec::new()),
                Shape::Time => Values::Time(Vec::new()),
                Shape::Word => Values::Word(Vec::new()),
            };
            Self { values, there: Vec::new() }
        }

        fn push(&mut self, shown: Shown<'_>) {
            self.there.push(i16::from(shown != Shown::Nothing));
            match (&mut self.values, shown) {
                // Seeds above 2^63 come out negative, as the same 64 bits.
                (Values::Count(all), Shown::Count(number)) => all.push(number.cast_signed()),
                (Values::Count(all), Shown::Signed(number)) => all.push(number),
                (Values::Truth(all), Shown::Truth(truth)) => all.push(truth),
                (Values::Time(all), Shown::Time(span)) => all.push(span.as_secs_f64()),
                (Values::Word(all), Shown::Word(word)) => all.push(word.into()),
                (_, Shown::Nothing) => {}
                (_, shown) => unreachable!("a column of another type has {shown:?}"),
            }
        }

        fn write<W: Write + Send>(
            &mut self,
            group: &mut SerializedRowGroupWriter<'_, W>,
        ) -> Result<(), ParquetError> {
            let mut writer = group.next_column()?.expect("a column of the schema");
            let there = Some(&*self.there);
            match &self.values {
                Values::Count(all) => writer.typed::<Int64Type>().write_batch(all, there, None)?,
                Values::Truth(all) => writer.typed::<BoolType>().write_batch(all, there, None)?,
                Values::Time(all) => writer.typed::<DoubleType>().write_batch(all, there, None)?,
                Values::Word(all) => {
                    writer.typed::<ByteArrayType>().write_batch(all, there, None)?
                }
            };
            writer.close()?;
            self.there.clear();
            match &mut self.values {
                Values::Count(all) => all.clear(),
                Values::Truth(all) => all.clear(),
                Values::Time(all) => all.clear(),
                Values::Word(all) => all.clear(),
            }
            Ok(())
        }
    }
}
