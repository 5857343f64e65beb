//! Where a fact stands in the trace of its case, after W3C Trace Context: a case is a trace, a fact a span, and both follow from ids on the
//! ledger. So every node tells the same trace, and a fact that is told twice is the same span.

use crate::ids::{CaseId, EventId};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// The only version of the form that there is.
const VERSION: &str = "00";
/// Somebody may have kept spans of it.
const SAMPLED: &str = "01";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceContext {
    pub trace: u128,
    pub span: u64,
}

impl TraceContext {
    /// What all facts of a case hang below.
    pub fn of_case(case: CaseId) -> Self {
        Self { trace: case.0.as_u128(), span: case.0.as_u64_pair().1 }
    }
    /// The second half of an id of ours follows from the command alone; its first two bits are set, so it is never the zero that means none.
    pub fn of_fact(case: CaseId, fact: EventId) -> Self {
        Self { trace: case.0.as_u128(), span: fact.0.as_u64_pair().1 }
    }

    /// Whether traces of this id are kept when so large a share of all is to be; every node and every run says the same.
    pub fn is_among(self, share: f64) -> bool {
        // Of a case's id the lower half is chance; 53 bits of it are what a float holds.
        let chance = ((self.trace as u64) << 8 >> 11) as f64 / (1_u64 << 53) as f64;
        chance < share
    }
}

/// `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`, as the header `traceparent` has it.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}-{:032x}-{:016x}-{SAMPLED}", self.trace, self.span)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this is no traceparent of version {VERSION}")]
pub struct NoTraceContext;

impl FromStr for TraceContext {
    type Err = NoTraceContext;
    fn from_str(text: &str) -> Result<Self, NoTraceContext> {
        let mut parts = text.split('-');
        let [Some(VERSION), Some(trace), Some(span), Some(flags), None] = [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()]
        else {
            return Err(NoTraceContext);
        };
        let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if (trace.len(), span.len(), flags.len()) != (32, 16, 2) || ![trace, span, flags].into_iter().all(is_hex) {
            return Err(NoTraceContext);
        }
        let trace = u128::from_str_radix(trace, 16).map_err(|_no_number| NoTraceContext)?;
        let span = u64::from_str_radix(span, 16).map_err(|_no_number| NoTraceContext)?;
        if trace == 0 || span == 0 { Err(NoTraceContext) } else { Ok(Self { trace, span }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn case(number: u128) -> CaseId {
        CaseId(uuid::Builder::from_sha1_bytes([number.to_le_bytes()[0]; 16]).into_uuid())
    }

    #[test]
    fn a_context_is_written_and_read_as_the_standard_has_it() {
        let fact = EventId(Uuid::from_u128(0x0190_0000_0000_7000_b7ad_6b71_6920_3331));
        let trace = CaseId(Uuid::from_u128(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c));
        let context = TraceContext::of_fact(trace, fact);
        assert_eq!(context.to_string(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(context.to_string().parse(), Ok(context));
        assert_eq!(TraceContext::of_case(trace).trace, context.trace);
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(bad.parse::<TraceContext>(), Err(NoTraceContext), "{bad}");
        }
    }

    #[test]
    fn a_share_keeps_whole_traces_and_about_so_many() {
        let kept = |share: f64| {
            (0..1_000_u128).filter(move |number| {
                let id = Uuid::new_v5(&Uuid::nil(), &number.to_le_bytes());
                let of_case = TraceContext::of_case(CaseId(id));
                assert_eq!(of_case.is_among(share), TraceContext::of_fact(CaseId(id), EventId(Uuid::from_u128(*number))).is_among(share));
                of_case.is_among(share)
            })
        };
        assert_eq!((kept(0.0).count(), kept(1.0).count()), (0, 1_000));
        assert!((200..300).contains(&kept(0.25).count()), "{}", kept(0.25).count());
        assert!(TraceContext::of_case(case(7)).span != 0);
    }
}
