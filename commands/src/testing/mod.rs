//! Given facts, when a command, then facts or a refusal: the words that rule tests are written in.

pub mod plant;
pub mod watching;

use crate::{
    Command, Decision,
    decision::{Circumstances, Refused},
};
use chrono::TimeDelta;
use millwright_domain::{
    Event, Now,
    action::Observed,
    budget::{Spent, Window},
    case::{CommandRefused, Severity},
    effect::EffectWanted,
    envelope::StreamId,
    ids::{ActionId, ActorId, CaseId, CommandId, EffectId, ReservationId, derived},
    plant::Source,
    site::Site,
    ticket::{TicketRef, TicketText, TicketWork},
};
use uuid::Uuid;

/// A command, who asks it, and under which number.
#[derive(Clone)]
pub struct Asked {
    pub command: Command,
    pub by: ActorId,
    pub number: u32,
}

/// A site, the time, what its sensors say, and what came of the last command.
#[derive(Clone)]
pub struct Scene {
    site: Site,
    now: Now,
    observed: Vec<Observed>,
    asked: u32,
    last: Option<Result<Decision, Refused>>,
    recorded: Vec<(StreamId, Event)>,
    case: Option<CaseId>,
    action: Option<ActionId>,
    effect: Option<EffectId>,
}

pub fn scene() -> Scene {
    let now = plant::now();
    Scene {
        site: Site::default(),
        now,
        observed: plant::observed(1_200.0, 4.0, now.plant),
        asked: 0,
        last: None,
        recorded: vec![],
        case: None,
        action: None,
        effect: None,
    }
}

/// What to ask, once the scene is known: many commands name the case at hand.
pub type Asking = Box<dyn Fn(&Scene) -> Asked>;

#[expect(clippy::wrong_self_convention, reason = "`when(…).is_refused(…)` reads as a sentence and goes on")]
impl Scene {
    // given
    pub fn given_plant(self) -> Self {
        self.when(plant::describe()).happens().when(plant::adopt_policy()).happens().when(plant::assign_device("node-a")).happens()
    }
    pub fn given_case(self) -> Self {
        self.given_plant().when(plant::raise_alert()).happens()
    }
    pub fn given_late_case(self) -> Self {
        self.given_plant().when(plant::raise_late_alert()).happens()
    }
    pub fn given_imported_case(self) -> Self {
        let scene = self.when(plant::describe_imported()).happens().when(plant::adopt_policy()).happens();
        assert_eq!(scene.site.plant.as_ref().unwrap().source, Source::Imported);
        scene.when(plant::raise_alert()).happens()
    }
    pub fn given_proposal(self) -> Self {
        self.given_case().when(plant::propose("slow_pump_to_75pct")).happens()
    }
    pub fn given_approval(self) -> Self {
        let scene = self.given_proposal();
        let action = scene.action();
        scene.when(plant::approve(action)).happens()
    }
    pub fn given_started(self) -> Self {
        let scene = self.given_approval();
        let action = scene.action();
        scene.when(plant::start(action)).happens()
    }
    /// A message that policy sends by itself, handed to the outbox.
    pub fn given_message(self) -> Self {
        let scene = self.given_case().when(plant::propose("send_alert_to_backup_tech")).happens();
        let action = scene.action();
        scene.when(plant::start(action)).happens()
    }
    pub fn given_ticket(self, system: &str, id: &str) -> Self {
        let text = TicketText { title: "t".into(), body: "b".into(), labels: vec![], severity: Severity::Low };
        let scene = self.given_case().when(plant::want_ticket(&format!("tickets/{system}"), &TicketWork::Open { text })).happens();
        let effect = scene.effect();
        let receipt = serde_json::to_string(&TicketRef { system: system.into(), id: id.into(), url: String::new() }).unwrap();
        let done = crate::EffectResult::Done { receipt };
        scene.when(plant::attempt(effect, 1)).happens().when(plant::finish_effect(effect, 1, done)).happens()
    }
    pub fn given_completed(self) -> Self {
        let scene = self.given_started();
        let action = scene.action();
        scene.when(plant::finish(action, crate::Verdict::Completed { read_back: Some(900.0) })).happens()
    }
    pub fn given_budget(self, hour: u64, day: u64) -> Self {
        self.given_plant().when(plant::set_budget(hour, day)).happens()
    }
    pub fn later_s(mut self, seconds: i64) -> Self {
        let later = TimeDelta::seconds(seconds);
        self.now = Now { wall: self.now.wall + later, plant: self.now.plant + later };
        self
    }
    pub fn with_observed(mut self, speed: f64, pressure: f64) -> Self {
        self.observed = plant::observed(speed, pressure, self.now.plant);
        self
    }

    // when
    pub fn when(mut self, asking: Asking) -> Self {
        let Asked { command, by, number } = asking(&self);
        self.asked += 1;
        let id = CommandId(derived(command.name(), "test", number.max(self.asked)));
        let result = command.decide(&self.site, Circumstances { command: id, by: &by, now: self.now, observed: &self.observed });
        self.recorded = match &result {
            Ok(Decision::Facts { facts, .. }) => facts.clone(),
            Ok(Decision::AlreadySo) => vec![],
            Err(refused) => recorded_of(refused, id, &command, &by),
        };
        for (stream, event) in self.recorded.clone() {
            self.site.evolve_by(&by, &stream, self.now.plant, &event);
            self.notice(&stream, &event);
        }
        self.last = Some(result);
        self
    }
    fn notice(&mut self, stream: &StreamId, event: &Event) {
        match event {
            Event::AlertRaised(_) | Event::DiagnosisRecorded(_) if self.case.is_none() => self.case = stream.as_case(),
            Event::ActionProposed(proposed) => self.action = Some(proposed.proposal.action),
            Event::EffectWanted(wanted) => self.effect = Some(wanted.effect),
            _ => {}
        }
    }

    // then
    #[track_caller]
    pub fn happens(self) -> Self {
        assert!(matches!(self.last, Some(Ok(Decision::Facts { .. }))), "it should have happened, but: {:?}", self.last);
        self
    }
    #[track_caller]
    pub fn is_already_so(self) -> Self {
        assert_eq!(self.last, Some(Ok(Decision::AlreadySo)));
        self
    }
    #[track_caller]
    pub fn is_refused(self, code: &str) -> Self {
        let Some(Err(refused)) = &self.last else { panic!("it should have been refused, but: {:?}", self.last) };
        assert_eq!(refused.code, code);
        self
    }
    #[track_caller]
    pub fn then_facts<const N: usize>(self, kinds: [&str; N]) -> Self {
        self.happens().then_recorded(kinds)
    }
    /// Exactly these facts, in this order, whether the command was done or refused.
    #[track_caller]
    pub fn then_recorded<const N: usize>(self, kinds: [&str; N]) -> Self {
        let recorded: Vec<&str> = self.recorded.iter().map(|(_, event)| event.kind()).collect();
        assert_eq!(recorded, kinds);
        self
    }
    #[track_caller]
    pub fn is_about(self, subject: &str) -> Self {
        assert_eq!(self.subject(), subject);
        self
    }
    #[track_caller]
    pub fn action_is(self, action: ActionId, stage: &str) -> Self {
        let file = self.site.case(self.case()).file().unwrap();
        assert_eq!(file.actions[&action].stage(), stage);
        self
    }

    // what there is
    pub fn site(&self) -> &Site {
        &self.site
    }
    pub fn now(&self) -> Now {
        self.now
    }
    pub fn recorded(&self) -> Vec<&Event> {
        self.recorded.iter().map(|(_, event)| event).collect()
    }
    pub fn wanted(&self) -> Vec<EffectWanted> {
        let wanted =
            self.recorded().into_iter().filter_map(|event| if let Event::EffectWanted(wanted) = event { Some(wanted.clone()) } else { None });
        wanted.collect()
    }
    pub fn subject(&self) -> String {
        let Some(Ok(Decision::Facts { subject, .. })) = &self.last else { panic!("nothing happened: {:?}", self.last) };
        subject.clone().unwrap()
    }
    pub fn case(&self) -> CaseId {
        self.case.unwrap()
    }
    pub fn action(&self) -> ActionId {
        self.action.unwrap()
    }
    pub fn effect(&self) -> EffectId {
        self.effect.unwrap()
    }
    pub fn binding(&self, action: ActionId) -> String {
        self.site.case(self.site.case_of_action[&action]).file().unwrap().actions[&action].proposal().binding()
    }
    pub fn threshold(&self) -> f64 {
        self.site.threshold_factor(&plant::vibration())
    }
    pub fn open_cases(&self) -> usize {
        self.site.open_cases_of(&plant::asset()).count()
    }
    pub fn observed_at_start(&self, action: ActionId) -> Vec<Observed> {
        let started = self.recorded.iter().find_map(|(_, event)| match event {
            Event::ActionStarted(started) if started.action == action => Some(started.observed.clone()),
            _ => None,
        });
        started.unwrap()
    }
    pub fn collector_epoch(&self) -> u64 {
        self.site.collectors.values().map(|assigned| assigned.epoch).max().unwrap()
    }
    pub fn spent(&self) -> (Spent, Spent) {
        let account = &self.site.budgets["site"];
        (account.spent(Window::Hour, self.now.wall), account.spent(Window::Day, self.now.wall))
    }
    pub fn held(&self, reservation: u128) -> u64 {
        let hold = self.site.budgets["site"].open.get(&ReservationId(Uuid::from_u128(reservation)));
        hold.map_or(0, |hold| hold.tokens)
    }
}

/// As the dispatcher records a refusal.
fn recorded_of(refused: &Refused, command: CommandId, asked: &Command, by: &ActorId) -> Vec<(StreamId, Event)> {
    let fact = |rule| CommandRefused {
        command,
        asked: asked.name().into(),
        by: by.clone(),
        rule,
        code: refused.code.into(),
        reason: refused.reason.clone(),
    };
    let told = refused.rule.map(|rule| (refused.stream.clone(), fact(rule).into()));
    told.into_iter().chain(refused.facts.clone()).collect()
}
