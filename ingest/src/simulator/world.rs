//! The simulated world, one second at a time: the pumps in their one hall, and the faults. Deterministic: a seed and a script give the same seconds.

use super::{
    channel::{ASSETS, Setpoint},
    course::Course,
    pump::Pump,
    scenario::Scenario,
};
use millwright_domain::site::GroundTruthMarked;

#[derive(Debug, Clone)]
pub(super) struct World {
    pumps: Vec<Pump>,
    course: Course,
}

impl World {
    /// The first so many of [`ASSETS`]; at least one.
    pub fn new(pumps: usize, seed: u64, scenario: Scenario) -> Self {
        let pumps = pumps.clamp(1, ASSETS.len());
        let mut course = Course::of(scenario, pumps);
        let pumps = (0..pumps).map(|place| Pump::new(seed, place, &mut course)).collect();
        Self { pumps, course }
    }

    /// One second passes; of the script only if it plays. Returns what has become noteworthy about the truth.
    pub fn tick(&mut self, script_plays: bool) -> Vec<GroundTruthMarked> {
        let mut truths = Vec::new();
        if script_plays {
            truths = self.course.advance();
            for (signal, value) in self.course.due_moves() {
                if let Some((place, setpoint)) = Setpoint::by_signal(&signal)
                    && let Some(pump) = self.pumps.get_mut(place)
                {
                    pump.tell(setpoint, value);
                }
            }
        }
        let mut hall = None;
        for pump in &mut self.pumps {
            hall = Some(pump.tick(hall, &mut self.course));
        }
        truths
    }

    /// Another script from its beginning, on the same machines. Returns the truths that end with the old one.
    pub fn load(&mut self, scenario: Scenario) -> Vec<GroundTruthMarked> {
        let ended = self.course.repair_all();
        self.course = Course::of(scenario, self.pumps.len());
        ended
    }
    /// One pump is whole again.
    pub fn repair(&mut self, place: usize) -> Vec<GroundTruthMarked> {
        self.course.repair(place)
    }
    pub fn pumps(&self) -> &[Pump] {
        &self.pumps
    }
    pub fn pump_mut(&mut self, place: usize) -> Option<&mut Pump> {
        self.pumps.get_mut(place)
    }
    pub const fn course(&self) -> &Course {
        &self.course
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        modbus::address::Table,
        simulator::{demo::shipped_scenarios, gateway, mqtt, registers, s7},
    };

    fn after(pumps: usize, seed: u64, seconds: usize) -> World {
        let scenario = shipped_scenarios().into_iter().find(|scenario| scenario.name == "whole_plant").unwrap();
        let mut world = World::new(pumps, seed, scenario);
        (0..seconds).for_each(|_| drop(world.tick(true)));
        world
    }

    /// What each vendor's protocol would carry.
    fn faces(world: &World) -> (Vec<u16>, Vec<u8>, String, [Vec<u16>; 2]) {
        let [first, second, third, fourth, fifth] = world.pumps() else { panic!("five pumps") };
        let behind = [fourth, fifth].map(|pump| gateway::read(pump, 0, 13).unwrap());
        (registers::read(first, Table::Input, 0, 16).unwrap(), s7::image(second), mqtt::telemetry(third, 1), behind)
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_in_every_protocol() {
        assert_eq!(faces(&after(5, 42, 1_900)), faces(&after(5, 42, 1_900)));
        let (one, other) = (faces(&after(5, 42, 1_900)), faces(&after(5, 43, 1_900)));
        assert!(one.0 != other.0 && one.1 != other.1 && one.2 != other.2 && one.3[0] != other.3[0] && one.3[0] != one.3[1]);
    }

    #[test]
    fn a_pump_is_the_same_however_many_others_there_are() {
        let shown = |world: &World, place: usize| world.pumps()[place].shown().collect::<Vec<_>>();
        let (one, three, five) = (after(1, 7, 900), after(3, 7, 900), after(5, 7, 900));
        assert_eq!(shown(&one, 0), shown(&five, 0));
        assert_eq!(shown(&three, 2), shown(&five, 2));
    }

    #[test]
    fn a_silent_controller_is_so_for_as_long_as_its_fault_lasts() {
        let linked = |seconds| after(5, 1, seconds).pumps().iter().map(Pump::is_linked).collect::<Vec<_>>();
        assert_eq!(linked(2_099), [true; 5]);
        assert_eq!(linked(2_100), [true, true, true, true, false]);
        assert_eq!(linked(2_400), [true; 5]);
    }
}
