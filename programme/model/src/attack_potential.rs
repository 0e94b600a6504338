//! Attack potential: the table of CEM v3.1, Annex B.4.
//!
//! The sum is over finding and using a vulnerability together. The table is a guide: the reasoning beside it is the
//! evidence. It must not be mixed with the tables for smart cards or of ISO/SAE 21434.

use crate::assurance::Level;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! factor {
    ($(#[doc = $doc:literal])* $name:ident { $( $(#[doc = $value_doc:literal])* $value:ident = $points:literal ),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $( $(#[doc = $value_doc])* $value ),* }

        impl $name {
            /// All values, the least first.
            pub const ALL: &[$name] = &[ $( $name::$value ),* ];

            /// Its points.
            pub const fn points(self) -> u32 {
                match self { $( $name::$value => $points ),* }
            }
        }
    };
}

factor! {
    /// The time that it takes.
    Time {
        /// A day or less.
        OneDay = 0,
        /// A week or less.
        OneWeek = 1,
        /// Two weeks or less.
        TwoWeeks = 2,
        /// A month or less.
        OneMonth = 4,
        /// Two months or less.
        TwoMonths = 7,
        /// Three months or less.
        ThreeMonths = 10,
        /// Four months or less.
        FourMonths = 13,
        /// Five months or less.
        FiveMonths = 15,
        /// Six months or less.
        SixMonths = 17,
        /// More.
        MoreThanSixMonths = 19,
    }
}

factor! {
    /// What the attacker must be good at.
    Expertise {
        /// Nothing in particular.
        Layman = 0,
        /// The kind of product. Several such people stay at this.
        Proficient = 3,
        /// Its technology and the attacks on it.
        Expert = 6,
        /// Several strictly different fields.
        MultipleExperts = 8,
    }
}

factor! {
    /// What the attacker must know of the product.
    Knowledge {
        /// What everybody can.
        Public = 0,
        /// What the developer shares under agreement.
        Restricted = 3,
        /// What some teams of the developer know.
        Sensitive = 7,
        /// What a few people know.
        Critical = 11,
    }
}

factor! {
    /// Equipment.
    Equipment {
        /// At hand.
        Standard = 0,
        /// To be had without much effort.
        Specialised = 4,
        /// To be made, or different specialised benches for different steps.
        Bespoke = 7,
        /// Several of that.
        MultipleBespoke = 9,
    }
}

/// How long the attacker has the product, and how many of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// Without limit, or not needed.
    Unlimited,
    /// Less than a day, and fewer than ten samples.
    Easy,
    /// Less than a month, and fewer than a hundred.
    Moderate,
    /// More than that.
    Difficult,
    /// Never long enough: the path cannot be used in this environment.
    None,
}

impl Window {
    /// All values, the least first.
    pub const ALL: &[Window] =
        &[Window::Unlimited, Window::Easy, Window::Moderate, Window::Difficult, Window::None];

    /// Its points; none where the path cannot be used at all.
    pub const fn points(self) -> Option<u32> {
        match self {
            Window::Unlimited => Some(0),
            Window::Easy => Some(1),
            Window::Moderate => Some(4),
            Window::Difficult => Some(10),
            Window::None => None,
        }
    }
}

/// The values of the five factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Factors {
    /// Elapsed time.
    pub time: Time,
    /// Expertise.
    pub expertise: Expertise,
    /// Knowledge of the product.
    pub knowledge: Knowledge,
    /// Window of opportunity.
    pub window: Window,
    /// Equipment.
    pub equipment: Equipment,
}

/// The attacker that an attack needs, or that a product resists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Potential {
    /// 0 to 9.
    Basic,
    /// 10 to 13.
    EnhancedBasic,
    /// 14 to 19.
    Moderate,
    /// 20 to 24.
    High,
    /// From 25.
    BeyondHigh,
}

impl Potential {
    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Potential::Basic => "Basic",
            Potential::EnhancedBasic => "Enhanced-Basic",
            Potential::Moderate => "Moderate",
            Potential::High => "High",
            Potential::BeyondHigh => "beyond High",
        }
    }

    /// The attacker that these points need.
    pub const fn needed(points: u32) -> Potential {
        match points {
            0..=9 => Potential::Basic,
            10..=13 => Potential::EnhancedBasic,
            14..=19 => Potential::Moderate,
            20..=24 => Potential::High,
            _ => Potential::BeyondHigh,
        }
    }

    /// The strongest attacker that a product resists whose easiest attack needs this one; none below Basic.
    pub const fn resisted(self) -> Option<Potential> {
        match self {
            Potential::Basic => None,
            Potential::EnhancedBasic => Some(Potential::Basic),
            Potential::Moderate => Some(Potential::EnhancedBasic),
            Potential::High => Some(Potential::Moderate),
            Potential::BeyondHigh => Some(Potential::High),
        }
    }
}

impl Factors {
    /// The sum; none where the path cannot be used in this environment.
    pub fn points(&self) -> Option<u32> {
        let window = self.window.points()?;
        Some(
            self.time.points()
                + self.expertise.points()
                + self.knowledge.points()
                + window
                + self.equipment.points(),
        )
    }

    /// The attacker that it needs; none where the path cannot be used in this environment.
    pub fn potential(&self) -> Option<Potential> {
        self.points().map(Potential::needed)
    }

    /// Whether a product with this attack, if it succeeds, still meets AVA_VAN of this number.
    pub fn leaves_van(&self, van: u8) -> bool {
        self.points().is_none_or(|points| points >= least_points(van))
    }

    /// Whether an attacker of the level can use it: then the level fails, and otherwise it is residual.
    pub fn is_exploitable_at(&self, level: Level) -> bool {
        !self.leaves_van(level.van())
    }
}

/// What the easiest attack must need for AVA_VAN of this number.
pub const fn least_points(van: u8) -> u32 {
    match van {
        0..=2 => 10,
        3 => 14,
        4 => 20,
        _ => 25,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EASIEST: Factors = Factors {
        time: Time::OneDay,
        expertise: Expertise::Layman,
        knowledge: Knowledge::Public,
        window: Window::Unlimited,
        equipment: Equipment::Standard,
    };

    fn all() -> impl Iterator<Item = Factors> {
        Time::ALL.iter().flat_map(|time| {
            Expertise::ALL.iter().flat_map(move |expertise| {
                Knowledge::ALL.iter().flat_map(move |knowledge| {
                    Window::ALL.iter().flat_map(move |window| {
                        Equipment::ALL.iter().map(move |equipment| Factors {
                            time: *time,
                            expertise: *expertise,
                            knowledge: *knowledge,
                            window: *window,
                            equipment: *equipment,
                        })
                    })
                })
            })
        })
    }

    #[test]
    fn a_weeks_work_with_easy_access_fails_every_level() {
        let factors = Factors {
            time: Time::OneWeek,
            expertise: Expertise::Proficient,
            window: Window::Easy,
            ..EASIEST
        };
        assert_eq!(factors.points(), Some(5));
        assert!((1..=5).all(|van| !factors.leaves_van(van)));
        assert!(factors.is_exploitable_at(Level::Sesip1));
    }

    #[test]
    fn sixteen_points_meet_van_3_and_not_van_4() {
        let factors = Factors {
            time: Time::TwoWeeks,
            expertise: Expertise::Expert,
            knowledge: Knowledge::Restricted,
            window: Window::Easy,
            equipment: Equipment::Specialised,
        };
        assert_eq!(factors.points(), Some(16));
        assert_eq!((factors.leaves_van(3), factors.leaves_van(4)), (true, false));
        assert!(!factors.is_exploitable_at(Level::Sesip3) && factors.is_exploitable_at(Level::Sesip4));
    }

    #[test]
    fn the_boundaries_lie_where_the_table_has_them() {
        use Potential::{Basic, BeyondHigh, EnhancedBasic, High, Moderate};
        let rows = [
            (9, Basic, None, 0),
            (10, EnhancedBasic, Some(Basic), 2),
            (13, EnhancedBasic, Some(Basic), 2),
            (14, Moderate, Some(EnhancedBasic), 3),
            (19, Moderate, Some(EnhancedBasic), 3),
            (20, High, Some(Moderate), 4),
            (24, High, Some(Moderate), 4),
            (25, BeyondHigh, Some(High), 5),
            (57, BeyondHigh, Some(High), 5),
        ];
        for (points, needed, resisted, van) in rows {
            assert_eq!(Potential::needed(points), needed, "{points}");
            assert_eq!(needed.resisted(), resisted, "{points}");
            let met = (1..=5).filter(|van| points >= least_points(*van)).max().unwrap_or(0);
            assert_eq!(met, van, "{points}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_used_is_not_exploitable_whatever_the_sum() {
        let factors = Factors { window: Window::None, ..EASIEST };
        assert_eq!((factors.points(), factors.potential()), (None, None));
        assert!((1..=5).all(|van| factors.leaves_van(van)));
    }

    #[test]
    fn no_sum_is_above_57_and_what_meets_a_number_meets_the_lower_ones() {
        assert_eq!(all().filter_map(|factors| factors.points()).max(), Some(57));
        for factors in all() {
            for van in 2..=5 {
                assert!(!factors.leaves_van(van) || factors.leaves_van(van - 1), "{factors:?}");
            }
        }
    }
}
