//! The devices that the firmware meets: the EEPROM with the fuses, the wires, the attribution unit.
//!
//! What only configures (protection controllers, interrupts, clocks) takes any value and answers zero.

use crate::board::{
    DEVICES, EEPROM_ADDRESS, EEPROM_BYTES, I2C, PRIVATE_BUS, SECURE_ALIAS, UART_ENTROPY, UART_MANAGEMENT,
    UARTS, mpc_block_max, scs,
};
use std::ops::Range;

/// What a store to a device did besides storing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// The system is reset.
    Reset,
}

/// All devices. Small, for every faulted run begins with a copy of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Devices {
    eeprom: Box<[u8; EEPROM_BYTES]>,
    i2c: I2c,
    sau: Sau,
    mpu: Mpu,
    vtor: u32,
    noise: u64,
    /// Bytes sent on the management wire.
    pub(crate) sent: u32,
    /// How often somebody asked for a byte on the management wire, in vain, since one was last sent.
    pub(crate) idle: u32,
}

impl Devices {
    pub(crate) fn new(eeprom: &[u8]) -> Devices {
        let mut content = Box::new([0; EEPROM_BYTES]);
        content.iter_mut().zip(eeprom).for_each(|(to, from)| *to = *from);
        Devices {
            eeprom: content,
            i2c: I2c::default(),
            sau: Sau::default(),
            mpu: Mpu::default(),
            vtor: 0,
            noise: 0x9E37_79B9_7F4A_7C15,
            sent: 0,
            idle: 0,
        }
    }

    /// Whether `self` goes on as `other` does: what was sent so far does not matter for that.
    pub(crate) fn goes_on_as(&self, other: &Devices) -> bool {
        self.i2c == other.i2c
            && self.sau == other.sau
            && self.mpu == other.mpu
            && self.vtor == other.vtor
            && self.noise == other.noise
            && self.idle == other.idle
            && self.eeprom == other.eeprom
    }

    pub(crate) fn sau(&self) -> &Sau {
        &self.sau
    }

    pub(crate) fn mpu(&self) -> &Mpu {
        &self.mpu
    }

    /// What is decoded in advance: the protection unit says at once whether it may be executed.
    pub(crate) fn set_code(&mut self, code: Range<u32>) {
        self.mpu.code = code;
        self.mpu.judge_code();
    }

    /// Reads a register; `None` where no device is.
    pub(crate) fn read(&mut self, address: u32) -> Option<u32> {
        if DEVICES.contains(&address) {
            return Some(self.read_device(address));
        }
        PRIVATE_BUS.contains(&address).then(|| match address {
            scs::VTOR => self.vtor,
            scs::CPUID => scs::CPUID_VALUE,
            scs::MPU_TYPE..=scs::MPU_MAIR1 => self.mpu.read(address),
            scs::SAU_CTRL => u32::from(self.sau.on),
            scs::SAU_TYPE => 8,
            scs::SAU_RNR => self.sau.number,
            scs::SAU_RBAR => self.sau.regions[self.sau.number as usize & 7].0,
            scs::SAU_RLAR => self.sau.regions[self.sau.number as usize & 7].1,
            _ => 0,
        })
    }

    fn read_device(&mut self, address: u32) -> u32 {
        let single = address & !SECURE_ALIAS;
        if single == I2C & !SECURE_ALIAS {
            return self.i2c.levels();
        }
        if UARTS.contains(&single) {
            return self.read_uart(address & !0xFFF, address & 0xFFF);
        }
        if address & 0xFFF == 0x10 {
            return mpc_block_max(address & !0xFFF).unwrap_or(0);
        }
        0
    }

    fn read_uart(&mut self, base: u32, register: u32) -> u32 {
        match (base, register) {
            (UART_ENTROPY, 0) => {
                // splitmix64: what a noise source would bring, the same in every run.
                self.noise = self.noise.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = self.noise;
                z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
                (z >> 56) as u32
            }
            // A byte is always there.
            (UART_ENTROPY, 4) => 2,
            (UART_MANAGEMENT, 4) => {
                self.idle = self.idle.saturating_add(1);
                0
            }
            _ => 0,
        }
    }

    /// Writes a register; `None` where no device is.
    pub(crate) fn write(&mut self, address: u32, value: u32) -> Option<Effect> {
        if DEVICES.contains(&address) {
            match address & !SECURE_ALIAS {
                at if at == I2C & !SECURE_ALIAS => self.i2c.drive(value & 3, 0, &mut self.eeprom),
                at if at == (I2C & !SECURE_ALIAS) + 4 => self.i2c.drive(0, value & 3, &mut self.eeprom),
                at if at == UART_MANAGEMENT & !SECURE_ALIAS => {
                    self.sent = self.sent.saturating_add(1);
                    self.idle = 0;
                }
                _ => {}
            }
            return Some(Effect::None);
        }
        if !PRIVATE_BUS.contains(&address) {
            return None;
        }
        let region = self.sau.number as usize & 7;
        match address {
            scs::VTOR => self.vtor = value,
            scs::AIRCR if value >> 16 == 0x05FA && value & scs::RESET_REQUEST != 0 => {
                return Some(Effect::Reset);
            }
            scs::MPU_TYPE..=scs::MPU_MAIR1 => self.mpu.write(address, value),
            scs::SAU_CTRL => self.sau.on = value & 1 == 1,
            scs::SAU_RNR => self.sau.number = value & 0xFF,
            scs::SAU_RBAR => self.sau.regions[region].0 = value & !31,
            scs::SAU_RLAR => self.sau.regions[region].1 = value & !28,
            _ => {}
        }
        Some(Effect::None)
    }
}

/// Whose an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribution {
    Secure,
    NonSecureCallable,
    NonSecure,
    /// Outside of attribution: the private bus.
    Exempt,
}

/// The attribution unit, with the board's IDAU.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sau {
    on: bool,
    number: u32,
    regions: [(u32, u32); 8],
}

impl Sau {
    /// Whose the address is, and by which region.
    pub(crate) fn look_up(&self, address: u32) -> (Attribution, Option<u8>) {
        if PRIVATE_BUS.contains(&address) {
            return (Attribution::Exempt, None);
        }
        let mut found = None;
        for (number, (base, limit)) in (0u8..).zip(self.regions) {
            if self.on && limit & 1 == 1 && base <= address && address <= limit | 31 {
                if found.is_some() {
                    // Overlapping regions are Secure.
                    return (Attribution::Secure, None);
                }
                let callable = limit & 2 != 0;
                found = Some((
                    if callable { Attribution::NonSecureCallable } else { Attribution::NonSecure },
                    number,
                ));
            }
        }
        let (by_sau, region) = found.map_or((Attribution::Secure, None), |(kind, n)| (kind, Some(n)));
        // The IDAU's Secure aliases cannot be made Non-secure, but code there may be callable.
        let idau_secure = address & SECURE_ALIAS != 0 && address < 0x6000_0000;
        match by_sau {
            Attribution::NonSecure if idau_secure => (Attribution::Secure, region),
            kind => (kind, region),
        }
    }

    /// What the test-target instruction answers for an unprivileged or a privileged access; there is no MPU.
    pub(crate) fn test_target(&self, address: u32) -> u32 {
        let (attribution, region) = self.look_up(address);
        let by_region = region.map_or(0, |number| 1 << 17 | u32::from(number) << 8);
        let idau = 1 << 23 | address >> 28 << 24;
        let readable_writable = 3 << 18;
        readable_writable
            | match attribution {
                Attribution::Secure | Attribution::NonSecureCallable => by_region | idau | 1 << 22,
                Attribution::NonSecure => by_region | idau | 3 << 20,
                Attribution::Exempt => 3 << 20,
            }
    }
}

/// The memory protection unit of the Secure side (PMSAv8), for instruction fetches: it says what may be executed. The
/// access of loads and stores is kept and not judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mpu {
    control: u32,
    number: u32,
    regions: [(u32, u32); MPU_REGIONS],
    attributes: [u32; 2],
    code: Range<u32>,
    permits_code: bool,
}

const MPU_REGIONS: usize = 8;

impl Mpu {
    /// Whether all that is decoded in advance may be executed.
    #[inline]
    pub(crate) fn permits_code(&self) -> bool {
        self.permits_code
    }

    /// Whether the instruction at this address may be executed: exactly one region names it and permits that, or none
    /// does and the default map, where there is one, has memory there. Privilege is never left.
    pub(crate) fn permits(&self, pc: u32) -> bool {
        let named = |(base, limit): &&(u32, u32)| limit & 1 == 1 && base & !31 <= pc && pc <= *limit | 31;
        let mut named = self.regions.iter().filter(named);
        let default_map = matches!(pc, 0..0x4000_0000 | 0x6000_0000..0xA000_0000);
        match (self.control & 1 == 1, named.next(), named.next()) {
            (false, _, _) => default_map,
            (true, None, _) => self.control & 4 != 0 && default_map,
            (true, Some((base, _)), None) => base & 1 == 0,
            (true, Some(_), Some(_)) => false,
        }
    }

    /// A fault can make a loop of the writes to these registers, so this looks only where an answer can change.
    fn judge_code(&mut self) {
        let edges = self.regions.iter().flat_map(|(base, limit)| [base & !31, (limit | 31).wrapping_add(1)]);
        let mut looked_at = edges.filter(|edge| self.code.contains(edge)).chain([self.code.start]);
        self.permits_code = looked_at.all(|pc| self.permits(pc));
    }

    /// Which region a register of the pairs is about, and whether it is its limit.
    fn pair(&self, address: u32) -> (usize, bool) {
        let word = (address - scs::MPU_RBAR) / 4;
        let region = if word < 2 { self.number } else { self.number & !3 | (word / 2) };
        (region as usize % MPU_REGIONS, word % 2 == 1)
    }

    fn read(&self, address: u32) -> u32 {
        match address {
            scs::MPU_TYPE => (MPU_REGIONS as u32) << 8,
            scs::MPU_CTRL => self.control,
            scs::MPU_RNR => self.number,
            scs::MPU_RBAR..=scs::MPU_RLAR_A3 => match self.pair(address) {
                (region, false) => self.regions[region].0,
                (region, true) => self.regions[region].1,
            },
            scs::MPU_MAIR0 => self.attributes[0],
            scs::MPU_MAIR1 => self.attributes[1],
            _ => 0,
        }
    }

    fn write(&mut self, address: u32, value: u32) {
        match address {
            scs::MPU_CTRL => self.control = value & 7,
            scs::MPU_RNR => self.number = value & 0xFF,
            scs::MPU_RBAR..=scs::MPU_RLAR_A3 => match self.pair(address) {
                (region, false) => self.regions[region].0 = value,
                (region, true) => self.regions[region].1 = value,
            },
            scs::MPU_MAIR0 => self.attributes[0] = value,
            scs::MPU_MAIR1 => self.attributes[1] = value,
            _ => {}
        }
        self.judge_code();
    }
}

/// The two wires, and the EEPROM's place in its protocol (24C32: two bytes of address, pages of 32).
#[derive(Debug, Clone, PartialEq, Eq)]
struct I2c {
    /// What the master drives: bit 0 SCL, bit 1 SDA.
    driven: u32,
    /// Whether the EEPROM lets SDA go.
    released: bool,
    phase: Phase,
    pointer: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    /// Takes in a byte: so many bits, the bits, and which byte of the transfer it is.
    Take(u8, u8, u8),
    /// Acknowledges the byte: its value, and which it was.
    Acknowledge(u8, u8),
    /// Gives a byte: bits left, and the byte.
    Give(u8, u8),
    /// Waits for the master's acknowledgement; whether it came.
    Acknowledged(bool),
}

impl Default for I2c {
    fn default() -> Self {
        I2c { driven: 3, released: true, phase: Phase::Idle, pointer: 0 }
    }
}

impl I2c {
    fn levels(&self) -> u32 {
        self.driven & if self.released { 3 } else { 1 }
    }

    fn drive(&mut self, set: u32, clear: u32, eeprom: &mut [u8; EEPROM_BYTES]) {
        let before = self.driven;
        self.driven = (before | set) & !clear;
        let (scl, sda) = (self.driven & 1 == 1, self.driven & 2 != 0);
        match (before & 1 == 1, scl) {
            // The clock comes first where both change, as in the controller.
            (false, true) => self.clock_rises(before & 2 != 0),
            (true, false) => self.clock_falls(eeprom),
            _ => {}
        }
        if scl && before & 2 != self.driven & 2 {
            self.released = true;
            self.phase = if sda { Phase::Idle } else { Phase::Take(0, 0, 0) };
        }
    }

    fn clock_rises(&mut self, sda: bool) {
        match &mut self.phase {
            Phase::Take(bits, byte, _) => {
                *byte = *byte << 1 | u8::from(sda);
                *bits += 1;
            }
            Phase::Acknowledged(came) => *came = !sda,
            _ => {}
        }
    }

    fn clock_falls(&mut self, eeprom: &mut [u8; EEPROM_BYTES]) {
        match self.phase {
            Phase::Take(8, byte, which) => {
                if which == 0 && byte >> 1 != EEPROM_ADDRESS {
                    self.phase = Phase::Idle;
                    return;
                }
                match which {
                    0 => {}
                    1 => self.pointer = u16::from(byte) << 8 | self.pointer & 0xFF,
                    2 => self.pointer = self.pointer & 0xFF00 | u16::from(byte),
                    _ => {
                        eeprom[usize::from(self.pointer) % EEPROM_BYTES] = byte;
                        self.pointer = self.pointer.wrapping_add(1);
                    }
                }
                self.released = false;
                self.phase = Phase::Acknowledge(byte, which);
            }
            Phase::Acknowledge(byte, 0) if byte & 1 == 1 => self.give(eeprom),
            Phase::Acknowledge(_, which) => {
                self.released = true;
                self.phase = Phase::Take(0, 0, which.saturating_add(1).min(3));
            }
            Phase::Give(0, _) => {
                self.released = true;
                self.phase = Phase::Acknowledged(false);
            }
            Phase::Give(left, byte) => {
                self.released = byte & 0x80 != 0;
                self.phase = Phase::Give(left - 1, byte << 1);
            }
            Phase::Acknowledged(true) => self.give(eeprom),
            Phase::Acknowledged(false) => self.phase = Phase::Idle,
            _ => {}
        }
    }

    /// Drives the first bit of the next byte.
    fn give(&mut self, eeprom: &[u8; EEPROM_BYTES]) {
        let byte = eeprom[usize::from(self.pointer) % EEPROM_BYTES];
        self.pointer = self.pointer.wrapping_add(1);
        self.released = byte & 0x80 != 0;
        self.phase = Phase::Give(7, byte << 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A master as in the data sheet.
    struct Master(Devices);

    impl Master {
        fn set(&mut self, bits: u32) {
            self.0.write(I2C, bits).unwrap();
        }
        fn clear(&mut self, bits: u32) {
            self.0.write(I2C + 4, bits).unwrap();
        }
        fn start(&mut self) {
            self.set(2);
            self.set(1);
            self.clear(2);
            self.clear(1);
        }
        fn stop(&mut self) {
            self.clear(2);
            self.set(1);
            self.set(2);
        }
        fn bit(&mut self) -> u32 {
            self.set(1);
            let level = self.0.read(I2C).unwrap() >> 1 & 1;
            self.clear(1);
            level
        }
        fn send(&mut self, byte: u8) -> bool {
            for n in (0..8).rev() {
                if byte >> n & 1 == 1 {
                    self.set(2)
                } else {
                    self.clear(2)
                }
                self.bit();
            }
            self.set(2);
            self.bit() == 0
        }
        fn receive(&mut self, last: bool) -> u8 {
            self.set(2);
            let byte = (0..8).fold(0, |byte, _| byte << 1 | self.bit() as u8);
            if last {
                self.set(2)
            } else {
                self.clear(2)
            }
            self.bit();
            byte
        }
    }

    #[test]
    fn the_eeprom_gives_what_it_holds_and_takes_what_is_written() {
        let content: Vec<u8> = (0..4096).map(|n| ((n * 7) >> 3) as u8).collect();
        let mut master = Master(Devices::new(&content));
        master.start();
        assert!(master.send(0xA0) && master.send(0x01) && master.send(0x02));
        master.start();
        assert!(master.send(0xA1));
        assert_eq!(
            [master.receive(false), master.receive(false), master.receive(true)],
            content[0x102..0x105]
        );
        master.stop();
        master.start();
        assert!(master.send(0xA0) && master.send(0) && master.send(9) && master.send(0x5A));
        master.stop();
        assert_eq!(master.0.eeprom[9], 0x5A);
        master.start();
        assert!(!master.send(0xA2), "another address is not acknowledged");
        master.stop();
    }

    #[test]
    fn only_what_one_region_names_and_permits_may_be_executed() {
        let mut devices = Devices::new(&[]);
        devices.set_code(0x1000_0000..0x1001_0000);
        assert!(devices.mpu().permits(0x3800_0400), "the unit is off");
        assert!(!devices.mpu().permits(0x4000_0000), "devices are never executed");
        let mut set = |words: &[(u32, u32)]| {
            words.iter().for_each(|(address, value)| assert!(devices.write(*address, *value).is_some()));
            devices.mpu().clone()
        };
        // ROM by the registers themselves, RAM that must not be executed by their first alias.
        let rom = [(scs::MPU_RNR, 4), (scs::MPU_RBAR, 0x1000_0004), (scs::MPU_RBAR + 4, 0x1000_FFE1)];
        let ram = [(scs::MPU_RBAR + 8, 0x3800_0001), (scs::MPU_RBAR + 12, 0x3823_FFE1)];
        set(&rom);
        set(&ram);
        let on = set(&[(scs::MPU_CTRL, 5)]);
        assert!(on.permits_code() && on.permits(0x1000_FFFE) && on.permits(0x3000_0000));
        assert!(!on.permits(0x3800_0400) && !on.permits(0x3823_FFFE) && on.permits(0x3824_0000));
        assert_eq!(on.regions[5], (0x3800_0001, 0x3823_FFE1));
        let alone = set(&[(scs::MPU_CTRL, 3)]);
        assert!(alone.permits_code() && !alone.permits(0x3000_0000), "without the default map");
        let twice = set(&[(scs::MPU_RNR, 0), (scs::MPU_RBAR, 0x1000_8000), (scs::MPU_RBAR + 4, 0x1000_8001)]);
        assert!(!twice.permits_code() && !twice.permits(0x1000_8000) && twice.permits(0x1000_8020));
        let off = set(&[(scs::MPU_CTRL, 0)]);
        assert!(off.permits_code());
    }

    #[test]
    fn the_attribution_is_secure_unless_exactly_one_region_says_otherwise() {
        let mut devices = Devices::new(&[]);
        let region = |devices: &mut Devices, number: u32, base: u32, limit: u32| {
            devices.write(scs::SAU_RNR, number).unwrap();
            devices.write(scs::SAU_RBAR, base).unwrap();
            devices.write(scs::SAU_RLAR, limit).unwrap();
        };
        region(&mut devices, 0, 0x2820_0000, 0x2823_FFE1);
        region(&mut devices, 1, 0x3800_0800, 0x3800_0BE3);
        assert_eq!(devices.sau().look_up(0x2820_0000).0, Attribution::Secure, "the unit is off");
        devices.write(scs::SAU_CTRL, 1).unwrap();
        assert_eq!(devices.sau().look_up(0x2823_FFFF), (Attribution::NonSecure, Some(0)));
        assert_eq!(devices.sau().look_up(0x2824_0000).0, Attribution::Secure);
        assert_eq!(devices.sau().look_up(0x3800_0808).0, Attribution::NonSecureCallable);
        assert_eq!(devices.sau().test_target(0x2820_0000) >> 20 & 7, 3);
        assert_eq!(devices.sau().test_target(0x3808_0000) >> 20 & 7, 4);
        region(&mut devices, 2, 0x2823_0000, 0x2823_FFE1);
        assert_eq!(devices.sau().look_up(0x2823_0000).0, Attribution::Secure, "two regions");
    }
}
