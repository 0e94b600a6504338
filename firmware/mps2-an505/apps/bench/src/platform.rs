//! Identity, state, log, random, token, factory reset.

use crate::{Bench, Interval, Marks};
use cdd_client::{Entry, Status};

impl<E: Entry, M: Marks> Bench<E, M> {
    pub(crate) fn platform_calls(&mut self) -> Result<(), Status> {
        self.pass(|l| l.platform.application_ready())?;
        self.count("platform-state", |l| l.platform.platform_state(&mut l.out[..32]))?;
        self.count("identity-part", |l| l.platform.identity_part(1, &mut l.out[..112]))?;
        self.count("identity-field", |l| l.platform.identity_field(0, &mut l.out[..48]))?;
        self.count("service-state", |l| l.platform.service_state(&mut l.out[..48]))?;
        self.pass(|l| l.platform.log_write(2, b"bench"))?;
        self.pass(|l| l.platform.log_read(0, &mut l.out[..104]))?;
        // With the tests of the generator and of the source, at the pace of the source: no figure.
        self.pass(|l| l.platform.random(&mut l.out[..32]))?;
        self.count("random-32", |l| l.platform.random(&mut l.out[..32]))?;
        self.count("random-4096", |l| l.platform.random(&mut l.out[..4096]))?;
        Ok(())
    }

    pub(crate) fn tokens(&mut self) -> Result<(), Status> {
        // Derives the key and draws the boot seed; the families that it tests were all in use already.
        self.count("token-key-first", |l| l.platform.attest_get_key(&mut l.out[..65]))?;
        self.count("token-key", |l| l.platform.attest_get_key(&mut l.out[..65]))?;
        self.count("token-size", |l| l.platform.attest_get_token_size(32, &mut l.out[..4]))?;
        self.count("token", |l| l.platform.attest_get_token(&l.message[..32], &mut l.out[..1024]))?;
        Ok(())
    }

    pub(crate) fn factory_reset(&mut self) -> Result<(), Status> {
        self.marks.begin(Interval { name: None, records: None, calls: 1, resets: true });
        self.platform.factory_reset(b"factory reset")?;
        self.marks.end();
        Ok(())
    }
}
