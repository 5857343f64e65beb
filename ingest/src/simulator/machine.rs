//! The physics, one second a step: a side-channel pump with its motor and bearing, a clogging pipe and a valve.
//!
//! Speed `x` is relative to rated. Pressure follows the pump's curve and flow the piping's resistance R (affinity laws: flow as x,
//! pressure as x², power as x³). Of a side-channel pump, power rises as it is throttled, so a clog shows in the current. Wear d of the
//! bearing shakes with x³ and heats with x²: slowing a worn pump really quiets it. Efficiency eta falls with wear.

use super::channel::{Channel, Setpoint};

/// Shut-off pressure at rated speed, bar; and how it falls with flow, bar/(l/min)².
const SHUT_OFF: f64 = 6.0;
const CURVE: f64 = 2.0e-4;
/// Resistance of clean piping and of the valve at its rated position, bar/(l/min)².
const PIPE: f64 = 2.0e-4;
const VALVE: f64 = 2.0e-4;
/// How many times a complete clog adds the clean piping's resistance.
const CLOG: f64 = 6.0;
/// Pressure at the rated point; what load is relative to.
const RATED_PRESSURE: f64 = 4.0;
const RATED_CURRENT: f64 = 12.4;

/// What the outside does to the machine in this second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Surroundings {
    pub ambient: f64,
    /// Relative change of the piping's resistance by what is drawn from it.
    pub demand: f64,
    /// What the speed control is off by, rpm.
    pub trim: f64,
}

/// What is wrong with the machine, 0 to 1 each.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Condition {
    pub wear: f64,
    pub clog: f64,
    pub valve_stuck: f64,
    /// How far the supply's voltage has sunk: the motor falls behind, and draws more current for what it still does.
    pub sag: f64,
}

/// What the machine is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setpoints {
    pub speed: f64,
    pub valve: f64,
}

impl Default for Setpoints {
    fn default() -> Self {
        Self { speed: Setpoint::Speed.rated(), valve: Setpoint::Valve.rated() }
    }
}

/// The true state, before any sensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Machine {
    speed: f64,
    valve: f64,
    flow: f64,
    pressure: f64,
    current: f64,
    vibration: f64,
    bearing_temperature: f64,
    motor_temperature: f64,
}

impl Machine {
    /// Running as told for long enough that every temperature has settled.
    pub fn settled(told: Setpoints, around: Surroundings) -> Self {
        let mut machine = Self {
            speed: told.speed,
            valve: told.valve,
            flow: 100.0,
            pressure: RATED_PRESSURE,
            current: RATED_CURRENT,
            vibration: 2.0,
            bearing_temperature: around.ambient,
            motor_temperature: around.ambient,
        };
        // Ten time constants of the slowest part, the motor's iron.
        (0..6_000).for_each(|_| machine.step(told, around, Condition::default()));
        machine
    }

    pub fn step(&mut self, told: Setpoints, around: Surroundings, condition: Condition) {
        let reachable = told.speed * (1.0 - 0.2 * condition.sag);
        self.speed += (reachable + around.trim - self.speed) / 3.0;
        let travel = 5.0 * (1.0 - condition.valve_stuck);
        self.valve += (told.valve - self.valve).clamp(-travel, travel);

        let x = (self.speed / Setpoint::Speed.rated()).max(0.0);
        self.pump(x, around, condition);
        self.motor(x, around, condition);
        self.bearing(x, around, condition);
    }

    fn pump(&mut self, x: f64, around: Surroundings, condition: Condition) {
        let throttle = (Setpoint::Valve.rated() / self.valve.max(2.0)).powi(2);
        let resistance = (PIPE * (1.0 + CLOG * condition.clog) + VALVE * throttle) * (1.0 + around.demand);
        let flow = (SHUT_OFF * x * x / (CURVE + resistance)).sqrt();
        self.flow += (flow - self.flow) / 2.0;
        self.pressure = (SHUT_OFF * x * x - CURVE * self.flow * self.flow).max(0.0);
    }

    fn motor(&mut self, x: f64, around: Surroundings, condition: Condition) {
        let load = if x > 0.01 { self.pressure / (x * x * RATED_PRESSURE) } else { 0.0 };
        let efficiency = 1.0 - 0.08 * condition.wear;
        let voltage = 1.0 - 0.5 * condition.sag;
        self.current = if x > 0.01 { (3.0 + 9.4 * x * x * (0.6 + 0.4 * load) / efficiency) / voltage } else { 0.0 };
        let heated = around.ambient + 38.0 * (self.current / RATED_CURRENT).powi(2);
        self.motor_temperature += (heated - self.motor_temperature) / 600.0;
    }

    fn bearing(&mut self, x: f64, around: Surroundings, condition: Condition) {
        let imbalance = 0.4 * x + 1.6 * x * x;
        self.vibration = imbalance + 6.0 * condition.wear * x.powi(3) + 0.05 * condition.clog * x;
        let from_motor = 0.04 * (self.motor_temperature - around.ambient);
        let heated = around.ambient + 24.0 * x.powf(1.5) + from_motor + 40.0 * condition.wear * x * x;
        self.bearing_temperature += (heated - self.bearing_temperature) / 180.0;
    }

    pub const fn value(&self, channel: Channel) -> f64 {
        match channel {
            Channel::Flow => self.flow,
            Channel::Pressure => self.pressure,
            Channel::BearingTemperature => self.bearing_temperature,
            Channel::Vibration => self.vibration,
            Channel::MotorCurrent => self.current,
            Channel::Speed => self.speed,
            Channel::ValvePosition => self.valve,
            Channel::MotorTemperature => self.motor_temperature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AROUND: Surroundings = Surroundings { ambient: 24.0, demand: 0.0, trim: 0.0 };

    fn after(told: Setpoints, condition: Condition) -> Machine {
        let mut machine = Machine::settled(Setpoints::default(), AROUND);
        (0..1_800).for_each(|_| machine.step(told, AROUND, condition));
        machine
    }

    #[test]
    fn at_its_rated_point_it_pumps_what_its_plate_says() {
        let machine = after(Setpoints::default(), Condition::default());
        assert!((machine.flow - 100.0).abs() < 0.01 && (machine.pressure - 4.0).abs() < 0.01, "{machine:?}");
        assert!((machine.current - 12.4).abs() < 0.01 && (machine.vibration - 2.0).abs() < 0.01, "{machine:?}");
        assert!((machine.bearing_temperature - 49.52).abs() < 0.01 && (machine.motor_temperature - 62.0).abs() < 0.01, "{machine:?}");
    }

    #[test]
    fn half_the_speed_gives_half_the_flow_and_a_quarter_of_the_pressure() {
        let machine = after(Setpoints { speed: 740.0, ..Setpoints::default() }, Condition::default());
        assert!((machine.flow - 50.0).abs() < 0.01 && (machine.pressure - 1.0).abs() < 0.01, "{machine:?}");
    }

    #[test]
    fn a_clog_lowers_flow_and_raises_pressure_and_current() {
        let (clean, clogged) =
            (after(Setpoints::default(), Condition::default()), after(Setpoints::default(), Condition { clog: 0.8, ..Condition::default() }));
        assert!(clogged.flow < clean.flow - 30.0 && clogged.pressure > clean.pressure + 1.0 && clogged.current > clean.current + 1.0, "{clogged:?}");
        assert!((clogged.vibration - clean.vibration).abs() < 0.1, "{clogged:?}");
    }

    #[test]
    fn wear_shakes_and_heats_the_bearing_and_slowing_the_pump_quiets_it() {
        let worn = Condition { wear: 0.6, ..Condition::default() };
        let (healthy, fast) = (after(Setpoints::default(), Condition::default()), after(Setpoints::default(), worn));
        let slow = after(Setpoints { speed: 0.6 * 1_480.0, ..Setpoints::default() }, worn);
        assert!(fast.vibration > healthy.vibration + 3.0 && fast.bearing_temperature > healthy.bearing_temperature + 20.0, "{fast:?}");
        assert!(slow.vibration < healthy.vibration && slow.bearing_temperature < healthy.bearing_temperature, "{slow:?}");
        assert!((fast.flow - healthy.flow).abs() < 0.01, "{fast:?}");
    }

    #[test]
    fn when_the_voltage_sinks_the_pump_falls_behind_and_draws_more_current() {
        let (usual, weak) =
            (after(Setpoints::default(), Condition::default()), after(Setpoints::default(), Condition { sag: 0.5, ..Condition::default() }));
        assert!(weak.speed < usual.speed - 100.0 && weak.flow < usual.flow - 5.0 && weak.current > usual.current + 1.0, "{weak:?}");
    }

    #[test]
    fn a_stuck_valve_stays_where_it_is() {
        let told = Setpoints { valve: 40.0, ..Setpoints::default() };
        assert_eq!(after(told, Condition { valve_stuck: 1.0, ..Condition::default() }).valve, 70.0);
        let moved = after(told, Condition::default());
        assert!(moved.valve == 40.0 && moved.flow < 90.0, "{moved:?}");
    }
}
