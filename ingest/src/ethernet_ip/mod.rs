//! EtherNet/IP to Allen-Bradley controllers, Logix and Micro800: tags and configuration in, few packets, values out by their own types.
//!
//! `address`, `spelling` and `value` are the words, `config` is what a person writes, `plan` which packets that takes. `frame`, `cip` and
//! `status` are the protocol in bytes, `wire` one session, `decode` the way from an answer to a point's value.

pub mod address;
pub mod cip;
pub mod config;
mod decode;
pub mod frame;
mod plan;
mod spelling;
mod status;
pub mod value;
mod wire;

use crate::{
    gate::Gate,
    protocol::{Answer, CannotConnect, PointNo, Protocol, Refusal, Request, Wire, WireError, with_causes},
};
use address::{Address, Step};
use async_trait::async_trait;
use cip::{Asked, Path, Reply};
use config::Style;
use plan::Limits;
use std::{collections::HashSet, sync::Arc};
use value::TagType;
use wire::{NoAnswer, Session};

/// A controller's tags, and how it is asked for them.
#[derive(Debug, Clone)]
pub(crate) struct EthernetIp {
    address: String,
    asking: Asking,
    tags: Vec<Tag>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asking {
    limits: Limits,
    /// Questions are sent on to it; without one they are for the device itself.
    slot: Option<u8>,
}

/// What is asked for a point, and what of the answer it is.
#[derive(Debug, Clone)]
struct Tag {
    address: Address,
    path: Path,
    /// The path in small letters: the same for what the controller takes for the same tag.
    key: Path,
    pick: Pick,
    /// A word may be 32 BOOLs, so it is no number unless its type says so.
    packs_bools: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    Whole,
    Bit(u8),
    /// Logix packs an array of BOOL into words and counts those.
    Packed(u8),
}

impl Tag {
    fn at(address: Address, style: Style) -> Self {
        let packs_bools = style == Style::Logix;
        let (mut steps, mut pick) = (address.steps.clone(), address.bit().map_or(Pick::Whole, Pick::Bit));
        if let (true, Pick::Whole, Some(TagType::Bool), Some(index)) = (packs_bools, pick, address.kind(), address.last_index()) {
            steps.pop();
            steps.push(Step::Index(vec![index / 32]));
            pick = Pick::Packed((index % 32) as u8);
        }
        let small = |step: &Step| match step {
            Step::Name(name) => Step::Name(name.to_ascii_lowercase()),
            Step::Index(places) => Step::Index(places.clone()),
        };
        let key = Path::of(&steps.iter().map(small).collect::<Vec<_>>());
        Self { path: Path::of(&steps), key, pick, packs_bools, address }
    }
}

#[async_trait]
impl Protocol for EthernetIp {
    fn line_of(&self, _unit: u16) -> usize {
        0
    }
    fn plan(&self, points: &[PointNo]) -> Vec<Request> {
        let wanted: Vec<(PointNo, &Tag)> = points.iter().filter_map(|point| Some((*point, self.tags.get(*point)?))).collect();
        plan::plan(&wanted, self.asking.limits)
    }
    fn fits(&self, point: PointNo, raw: f64) -> Result<(), String> {
        let kind = self.tags.get(point).and_then(|tag| tag.address.kind()).ok_or("the type of the tag is not known")?;
        value::encode(kind, raw).map(drop).map_err(|why| why.to_string())
    }
    fn resolution(&self, point: PointNo) -> f64 {
        match self.tags.get(point).and_then(|tag| tag.address.kind()) {
            Some(TagType::Real | TagType::Lreal) | None => 1e-6,
            Some(_) => 0.5,
        }
    }
    async fn connect(&self, _line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        let session = Session::open(&self.address).await.map_err(|cause| CannotConnect(with_causes(&cause)))?;
        Ok(Box::new(Conversation { device: self.clone(), session, seen: HashSet::new() }))
    }
}

/// One session and the tags to ask for.
struct Conversation {
    device: EthernetIp,
    session: Session,
    /// Points that were read in this session and have their configured types.
    seen: HashSet<PointNo>,
}

impl Conversation {
    fn tags(&self, points: &[PointNo]) -> Result<Vec<Tag>, WireError> {
        let tag = |point: &PointNo| self.device.tags.get(*point).cloned().ok_or_else(|| WireError::Mismatch(format!("there is no point {point}")));
        points.iter().map(tag).collect()
    }

    /// One answer for each path, in their order.
    async fn replies(&mut self, paths: &[Path]) -> Result<Vec<Reply>, WireError> {
        if let [path] = paths {
            return Ok(vec![self.one(path).await?]);
        }
        let messages: Vec<Vec<u8>> = paths.iter().map(cip::read_tag).collect();
        let packet = self.question(Asked::Several, &cip::several(&messages)).await?;
        if !packet.status.is_in_parts() {
            return Err(packet.status.refusal().into());
        }
        let mut replies = cip::parse_several(&packet.data, paths.len())?;
        for (reply, path) in replies.iter_mut().zip(paths) {
            if reply.status.wants_more_room() {
                *reply = self.one(path).await?;
            }
        }
        Ok(replies)
    }

    async fn one(&mut self, path: &Path) -> Result<Reply, WireError> {
        self.question(Asked::Read, &cip::read_tag(path)).await
    }

    async fn question(&mut self, asked: Asked, message: &[u8]) -> Result<Reply, WireError> {
        let answer = match self.session.ask(&self.routed(message), None).await {
            Ok(answer) => answer,
            Err(NoAnswer::Refused(refused)) if refused.is_about_content() => {
                // Some end the session with that. The question may be repeated in another one, with fewer tags.
                self.session = Session::open(&self.device.address).await?;
                self.seen.clear();
                return Err(Refusal::Address(refused.to_string()).into());
            }
            Err(lost) => return Err(lost.into()),
        };
        let reply = cip::parse_reply(asked, &answer)?;
        if reply.on_the_way { Err(reply.status.refusal_on_the_way().into()) } else { Ok(reply) }
    }

    fn routed(&self, message: &[u8]) -> Vec<u8> {
        self.device.asking.slot.map_or_else(|| message.to_vec(), |slot| cip::sent_on(message, slot))
    }

    /// The tag is there and of this type, as far as this session knows.
    async fn look_first(&mut self, point: PointNo) -> Result<(), WireError> {
        if self.seen.contains(&point) {
            return Ok(());
        }
        let refusals = self.read(&[point]).await?.into_iter().filter_map(Result::err);
        refusals.map(|refusal| Err(refusal.into())).next().unwrap_or(Ok(()))
    }
}

#[async_trait]
impl Wire for Conversation {
    async fn read(&mut self, points: &[PointNo]) -> Result<Vec<Answer>, WireError> {
        let tags = self.tags(points)?;
        let mut asked: Vec<&Tag> = Vec::new();
        for tag in &tags {
            if !asked.iter().any(|other| other.key == tag.key) {
                asked.push(tag);
            }
        }
        let paths: Vec<Path> = asked.iter().map(|tag| tag.path.clone()).collect();
        let replies = self.replies(&paths).await?;
        let mut answers = Vec::with_capacity(tags.len());
        for (point, tag) in points.iter().zip(&tags) {
            let reply = asked.iter().zip(&replies).find(|(other, _)| other.key == tag.key).map(|(_, reply)| reply);
            let answer = decode::answer(tag, reply.ok_or_else(|| WireError::Mismatch("a tag has no answer".into()))?);
            if answer.is_ok() {
                self.seen.insert(*point);
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    async fn write(&mut self, point: PointNo, raw: f64, gate: &Arc<Gate>) -> Result<(), WireError> {
        self.look_first(point).await?;
        let [tag] = self.tags(&[point])?.try_into().map_err(|_| WireError::Mismatch(format!("there is no point {point}")))?;
        let kind = tag.address.kind().ok_or_else(|| WireError::broken("the type of the tag is not known"))?;
        let value = value::encode(kind, raw).map_err(WireError::broken)?;
        let message = self.routed(&cip::write_tag(&tag.path, kind.code(), &value));
        let answer = self.session.ask(&message, Some(gate)).await?;
        let reply = cip::parse_reply(Asked::Write, &answer)?;
        match reply.status {
            status if status.is_good() => Ok(()),
            status if status.leaves_doubt() => Err(WireError::broken(status.to_string())),
            status if reply.on_the_way => Err(status.refusal_on_the_way().into()),
            status => Err(status.refusal().into()),
        }
    }
}
