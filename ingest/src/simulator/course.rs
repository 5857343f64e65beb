//! A scenario in progress: how bad each fault is by now, which have been repaired, and what was really wrong, for the evaluation.

use super::{
    channel::{ASSETS, Channel},
    machine::Condition,
    scenario::{Direction, Fault, FaultKind, Scenario},
};
use millwright_domain::site::GroundTruthMarked;

/// Truth is told again when severity has changed by this much.
const NOTEWORTHY: f64 = 0.1;

#[derive(Debug, Clone)]
pub(super) struct Course {
    scenario: Scenario,
    faults: Vec<Running>,
    /// Moves before this one have been made.
    moves_made: usize,
    elapsed_s: f64,
}

/// A fault of one pump; a fault of several is one of these for each.
#[derive(Debug, Clone)]
struct Running {
    pump: usize,
    /// Whose transmitter is wrong.
    channel: Option<Channel>,
    fault: Fault,
    severity: f64,
    told: f64,
    repaired: bool,
    /// What a stuck sensor shows.
    frozen: Option<f64>,
}

/// What a sensor's faults make of its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distortion {
    pub drift: f64,
    pub noise_factor: f64,
}

impl Course {
    /// On a plant of so many pumps.
    pub fn of(mut scenario: Scenario, pumps: usize) -> Self {
        scenario.moves.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        let of_pump = |fault: &Fault, pump| Running {
            pump,
            channel: fault.channel(),
            fault: fault.clone(),
            severity: 0.0,
            told: 0.0,
            repaired: false,
            frozen: None,
        };
        let of_each = |fault: &Fault| fault.asset.places(pumps).into_iter().map(|pump| of_pump(fault, pump)).collect::<Vec<_>>();
        let faults = scenario.faults.iter().flat_map(of_each).collect();
        Self { scenario, faults, moves_made: 0, elapsed_s: 0.0 }
    }
    pub fn name(&self) -> &str {
        &self.scenario.name
    }
    pub const fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }

    /// One second on. Returns what has become noteworthy.
    pub fn advance(&mut self) -> Vec<GroundTruthMarked> {
        self.elapsed_s += 1.0;
        let mut truths = Vec::new();
        for running in &mut self.faults {
            running.severity = if running.repaired { 0.0 } else { running.fault.severity_at(self.elapsed_s) };
            if running.severity == 0.0 {
                running.frozen = None;
            }
            truths.extend(running.noteworthy());
        }
        truths
    }

    /// The setpoints that the operator gives in this second.
    pub fn due_moves(&mut self) -> Vec<(String, f64)> {
        let due = self.scenario.moves.iter().skip(self.moves_made).take_while(|step| step.at_s <= self.elapsed_s);
        let due: Vec<(String, f64)> = due.map(|step| (step.signal.clone(), step.value)).collect();
        self.moves_made += due.len();
        due
    }

    /// Ends what is wrong with this pump now, for good. Returns the truths that end.
    pub fn repair(&mut self, pump: usize) -> Vec<GroundTruthMarked> {
        self.faults.iter_mut().filter(|running| running.pump == pump).filter_map(Running::end).collect()
    }
    pub fn repair_all(&mut self) -> Vec<GroundTruthMarked> {
        self.faults.iter_mut().filter_map(Running::end).collect()
    }

    pub fn condition(&self, pump: usize) -> Condition {
        let worst = |kind| self.worst(pump, kind);
        Condition {
            wear: worst(FaultKind::BearingWear),
            clog: worst(FaultKind::Clogging),
            valve_stuck: worst(FaultKind::ValveStuck),
            sag: worst(FaultKind::SupplyVoltage),
        }
    }
    /// Whether the pump's controller answers.
    pub fn is_linked(&self, pump: usize) -> bool {
        self.worst(pump, FaultKind::CommunicationFault) == 0.0
    }
    fn worst(&self, pump: usize, kind: FaultKind) -> f64 {
        let of_kind = self.faults.iter().filter(|running| running.pump == pump && running.fault.fault == kind);
        of_kind.map(|running| running.severity).fold(0.0, f64::max)
    }

    pub fn distortion(&self, pump: usize, channel: Channel) -> Distortion {
        let mut distortion = Distortion { drift: 0.0, noise_factor: 1.0 };
        for running in self.faults.iter().filter(|running| running.distorts(pump, channel)) {
            let severity = running.severity;
            match (running.fault.fault, running.fault.direction.unwrap_or_default()) {
                (FaultKind::SensorDrift, Direction::Up) => distortion.drift += severity * channel.sensor().drift_span,
                (FaultKind::SensorDrift, Direction::Down) => distortion.drift -= severity * channel.sensor().drift_span,
                (FaultKind::NoiseBurst, _) => distortion.noise_factor += 12.0 * severity,
                _ => {}
            }
        }
        distortion
    }

    /// What is transmitted: the value itself, or what a stuck sensor showed when it got stuck.
    pub fn transmitted(&mut self, pump: usize, channel: Channel, value: f64) -> f64 {
        let stuck = |running: &&mut Running| running.fault.fault == FaultKind::SensorStuck && running.distorts(pump, channel);
        match self.faults.iter_mut().find(stuck) {
            Some(running) => *running.frozen.get_or_insert(value),
            None => value,
        }
    }

    /// Beginnings and ends that are still to come.
    pub fn remaining_steps(&self) -> usize {
        let to_come = |at: f64| usize::from(at > self.elapsed_s);
        let of_fault = |running: &Running| {
            let fault = &running.fault;
            let end = fault.duration_s.map(|duration| fault.start_s + duration).or((fault.ramp_s > 0.0).then_some(fault.start_s + fault.ramp_s));
            if running.repaired { 0 } else { to_come(fault.start_s) + end.map_or(0, to_come) }
        };
        self.faults.iter().map(of_fault).sum::<usize>() + self.scenario.moves.len().saturating_sub(self.moves_made)
    }
}

impl Running {
    fn distorts(&self, pump: usize, channel: Channel) -> bool {
        self.severity > 0.0 && self.pump == pump && self.channel == Some(channel)
    }

    /// What is wrong is so no more, and will not be again.
    fn end(&mut self) -> Option<GroundTruthMarked> {
        if self.severity == 0.0 {
            return None;
        }
        self.repaired = true;
        self.severity = 0.0;
        self.frozen = None;
        self.noteworthy()
    }

    /// At the beginning, at each tenth, when full, and at the end.
    fn noteworthy(&mut self) -> Option<GroundTruthMarked> {
        let begins_or_ends = (self.told == 0.0) != (self.severity == 0.0);
        let full = self.severity == self.fault.severity && self.told != self.severity;
        if !begins_or_ends && !full && (self.severity - self.told).abs() < NOTEWORTHY {
            return None;
        }
        self.told = self.severity;
        let asset = ASSETS[self.pump].parse().expect("names of assets are names");
        let fault = self.fault.fault.as_str().parse().expect("fault kinds are names");
        Some(GroundTruthMarked { asset, fault, severity: self.severity })
    }
}
