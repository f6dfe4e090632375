//! The few fields of TensorBoard's `Event` message that curves need, by the numbers of
//! <https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto> and `summary.proto` beside it.

use prost::{Message, Oneof};

/// First entry of every file; this version makes readers heed `START`.
pub(super) const VERSION: &str = "brain.Event:2";

/// One record.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Entry {
    /// Unix time, seconds.
    #[prost(double, tag = "1")]
    pub(super) wall_time: f64,
    #[prost(int64, tag = "2")]
    pub(super) step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    pub(super) what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    Session(Session),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub(super) values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(string, tag = "1")]
    pub(super) tag: String,
    /// Optional, so that a zero is written too.
    #[prost(float, optional, tag = "2")]
    pub(super) simple_value: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Session {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// One record before it is encoded.
pub(super) struct Line {
    /// Unix time, seconds.
    pub(super) time: f64,
    pub(super) step: i64,
    pub(super) what: What,
}

impl Value {
    pub(super) fn new(tag: &str, value: f64) -> Self {
        Self { tag: tag.to_owned(), simple_value: Some(value as f32) }
    }
}

impl Session {
    /// A process begins here.
    pub(super) const START: Self = Self { status: 1 };
}

impl From<&str> for What {
    fn from(version: &str) -> Self {
        Self::FileVersion(version.to_owned())
    }
}

impl From<Session> for What {
    fn from(session: Session) -> Self {
        Self::Session(session)
    }
}

impl From<Vec<Value>> for What {
    fn from(values: Vec<Value>) -> Self {
        Self::Summary(Summary { values })
    }
}

/// The bytes of a record.
pub(super) fn encode(line: &Line) -> Vec<u8> {
    Entry { wall_time: line.time, step: line.step, what: Some(line.what.clone()) }.encode_to_vec()
}
