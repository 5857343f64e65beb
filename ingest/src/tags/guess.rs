//! What a tag probably measures, from its name: a start for a person to correct. English and German words, as they stand in tag lists.

use millwright_domain::quantity::{QuantityKind, Unit};

/// A kind, and the unit in which it usually comes.
pub fn kind(name: &str) -> (QuantityKind, Unit) {
    let words = words(name);
    let has = |some: &[&str]| words.iter().any(|word| some.iter().any(|known| fits(word, known)));
    let is_setpoint = has(&["sp", "setpoint", "setpt", "soll", "sollwert", "=set", "=ref", "=cmd", "command"]);
    let is_valve = has(&["valve", "ventil", "klappe"]);
    use QuantityKind as Kind;
    if has(&["vib", "schwing", "=rms"]) {
        return (Kind::Vibration, Unit::MillimetresPerSecond);
    }
    if has(&["temp", "temperatur", "temperature", "=t"]) {
        return (temperature(has), Unit::Celsius);
    }
    if has(&["speed", "rpm", "drehzahl"]) {
        return (if is_setpoint { Kind::SpeedSetpoint } else { Kind::Speed }, Unit::RevolutionsPerMinute);
    }
    if is_valve && (is_setpoint || has(&["pos", "stellung", "opening"])) {
        return (if is_setpoint { Kind::ValveSetpoint } else { Kind::ValvePosition }, Unit::Percent);
    }
    // What is told to a controller is no measurement, and only these two have a kind of their own.
    if is_setpoint {
        return (Kind::Generic, Unit::One);
    }
    let plain: [(&[&str], Kind, Unit); 8] = [
        (&["run", "state", "status", "fault", "alarm", "error", "ready", "running", "betrieb", "störung", "stoerung"], Kind::State, Unit::One),
        (&["current", "amps", "ampere", "strom"], Kind::MotorCurrent, Unit::Ampere),
        (&["flow", "durchfluss"], Kind::Flow, Unit::CubicMetresPerHour),
        (&["press", "druck"], if has(&["suction", "saug", "inlet"]) { Kind::SuctionPressure } else { Kind::Pressure }, Unit::Bar),
        (&["volt", "spannung"], Kind::Voltage, Unit::Volt),
        (&["torque", "drehmoment"], Kind::Torque, Unit::NewtonMetre),
        (&["power", "leistung"], Kind::Power, Unit::Kilowatt),
        (&["level", "füllstand", "fuellstand", "niveau"], Kind::Level, Unit::Percent),
    ];
    plain.iter().find(|(some, ..)| has(some)).map_or((Kind::Generic, Unit::One), |(_, kind, unit)| (*kind, *unit))
}

/// Rules look for a fault behind each of these, so a temperature of which nobody said where is none of them.
fn temperature(has: impl Fn(&[&str]) -> bool) -> QuantityKind {
    if has(&["bearing", "lager", "=de", "=nde"]) {
        return QuantityKind::BearingTemperature;
    }
    if has(&["motor", "winding", "wicklung", "stator"]) {
        return QuantityKind::MotorTemperature;
    }
    if has(&["ambient", "room", "outside", "umgebung", "raum", "außen", "aussen"]) {
        return QuantityKind::AmbientTemperature;
    }
    if has(&["fluid", "water", "oil", "medium", "wasser", "öl", "oel", "inlet", "outlet", "vorlauf", "rücklauf", "ruecklauf"]) {
        return QuantityKind::FluidTemperature;
    }
    QuantityKind::Generic
}

/// `=` stands before what must be the whole word; short ones must be as well. The others begin it, or end it, as in German `Motorstrom`.
fn fits(word: &str, known: &str) -> bool {
    match known.strip_prefix('=') {
        Some(whole) => word == whole,
        None if known.chars().count() < 3 => word == known,
        None => word.starts_with(known) || (known.chars().count() > 4 && word.ends_with(known)),
    }
}

/// `MotorTemp_DE2` is motor, temp, de.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars().take(200) {
        if !letter.is_alphabetic() || (was_small && letter.is_uppercase()) {
            words.push(String::new());
        }
        was_small = letter.is_lowercase();
        if let (true, Some(word)) = (letter.is_alphabetic(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A unit as people write it; `None` where it is none that we know.
pub fn unit(text: &str) -> Option<Unit> {
    let word: String = text.trim().to_lowercase().chars().filter(|letter| !letter.is_whitespace()).collect();
    if let Some(unit) = Unit::ALL.iter().find(|unit| unit.as_str().to_lowercase() == word) {
        // A small g is a unit, and so is none of the others that differ in size only.
        return Some(*unit);
    }
    Some(match word.as_str() {
        "°c" | "c" | "celsius" | "gradc" => Unit::Celsius,
        "°f" | "f" | "fahrenheit" => Unit::Fahrenheit,
        "kelvin" => Unit::Kelvin,
        "1/min" | "min-1" | "u/min" | "r/min" | "rev/min" => Unit::RevolutionsPerMinute,
        "m³/h" | "cbm/h" | "m^3/h" => Unit::CubicMetresPerHour,
        "lpm" | "l/m" => Unit::LitresPerMinute,
        "amp" | "amps" | "ampere" => Unit::Ampere,
        "volt" | "volts" => Unit::Volt,
        "percent" | "pct" | "prozent" => Unit::Percent,
        "n·m" | "n*m" => Unit::NewtonMetre,
        "-" | "none" | "bool" => Unit::One,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_measured() {
        for (name, meant) in [
            ("P101_Speed", QuantityKind::Speed),
            ("pump speed SP", QuantityKind::SpeedSetpoint),
            ("Drehzahl_Soll", QuantityKind::SpeedSetpoint),
            ("MotorTemp", QuantityKind::MotorTemperature),
            ("Lagertemperatur DE", QuantityKind::BearingTemperature),
            ("Bearing.Temp.NDE", QuantityKind::BearingTemperature),
            ("VIB_RMS_1", QuantityKind::Vibration),
            ("Motorstrom", QuantityKind::MotorCurrent),
            ("Compressor_1", QuantityKind::Generic),
            ("Strom_L1", QuantityKind::MotorCurrent),
            ("motor_current", QuantityKind::MotorCurrent),
            ("Suction_Pressure", QuantityKind::SuctionPressure),
            ("Druck", QuantityKind::Pressure),
            ("Flow_FT101", QuantityKind::Flow),
            ("ValvePos", QuantityKind::ValvePosition),
            ("Valve_SP", QuantityKind::ValveSetpoint),
            ("Pressure_SP", QuantityKind::Generic),
            ("Temp", QuantityKind::Generic),
            ("Pump1_Running", QuantityKind::State),
            ("xyz", QuantityKind::Generic),
            ("", QuantityKind::Generic),
        ] {
            assert_eq!(kind(name).0, meant, "{name}");
        }
        assert_eq!(kind("Temp").1, Unit::Celsius);
    }

    #[test]
    fn a_unit_is_known_as_people_write_it_or_not_at_all() {
        for (text, meant) in
            [("°C", Unit::Celsius), ("1/min", Unit::RevolutionsPerMinute), ("RPM", Unit::RevolutionsPerMinute), ("m³/h", Unit::CubicMetresPerHour)]
        {
            assert_eq!(unit(text), Some(meant), "{text}");
        }
        assert_eq!(unit("furlong"), None);
    }
}
