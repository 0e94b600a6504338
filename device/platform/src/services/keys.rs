//! Key management: PSA Crypto API §9.
//!
//! SFR: cryptographic-keystore, cryptographic-key-generation.

use super::APPLICATION;
use crate::dispatch::{Input, Output};
use crate::{Board, Platform};
use cdd_gate::{ATTRIBUTES_BYTES, KeyAttributes, Status};
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::{Attributes, Error, status};

/// Reads a record of attributes.
pub(super) fn attributes(record: &[u8]) -> Result<Attributes, Error> {
    let record: &[u8; ATTRIBUTES_BYTES] = record.try_into().map_err(|_| Error::InvalidArgument)?;
    let KeyAttributes { key_type, bits, usage, algorithm, lifetime, id } = KeyAttributes::from_bytes(record);
    Ok(Attributes { key_type, bits, usage, algorithm, lifetime, id })
}

fn attributes_in<M: CallerMemory>(memory: &M, record: Input) -> Result<Attributes, Status> {
    let mut bytes = [0u8; ATTRIBUTES_BYTES];
    attributes(record.copy(memory, &mut bytes)?).map_err(status)
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    pub(crate) fn import_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        record: Input,
        data: Input,
        key: &mut Output,
    ) -> Result<(), Status> {
        let wanted = attributes_in(memory, record)?;
        self.make(memory, [data], key, |keystore, env, [data]| {
            keystore.import(env, APPLICATION, &wanted, data)
        })
    }

    pub(crate) fn generate_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        record: Input,
        key: &mut Output,
    ) -> Result<(), Status> {
        let wanted = attributes_in(memory, record)?;
        self.make(memory, [], key, |keystore, env, []| keystore.generate(env, APPLICATION, &wanted))
    }

    pub(crate) fn copy_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        source: u32,
        record: Input,
        key: &mut Output,
    ) -> Result<(), Status> {
        let wanted = attributes_in(memory, record)?;
        self.make(memory, [], key, |keystore, env, []| keystore.copy(env, APPLICATION, source, &wanted))
    }

    pub(crate) fn export_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        data: &mut Output,
    ) -> Result<(), Status> {
        self.produce(memory, [], data, |keystore, env, [], out| keystore.export(env, APPLICATION, key, out))
    }

    pub(crate) fn export_public_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        data: &mut Output,
    ) -> Result<(), Status> {
        self.produce(memory, [], data, |keystore, env, [], out| {
            keystore.export_public(env, APPLICATION, key, out)
        })
    }

    pub(crate) fn get_key_attributes<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        record: &mut Output,
    ) -> Result<(), Status> {
        let found =
            self.accept(memory, [], |keystore, env, []| keystore.attributes(env, APPLICATION, key))?;
        let Attributes { key_type, bits, usage, algorithm, lifetime, id } = found;
        record.write(memory, &KeyAttributes { key_type, bits, usage, algorithm, lifetime, id }.to_bytes())
    }

    pub(crate) fn destroy_key<M: CallerMemory>(&mut self, memory: &mut M, key: u32) -> Result<(), Status> {
        self.accept(memory, [], |keystore, env, []| keystore.destroy(env, APPLICATION, key))
    }
}
