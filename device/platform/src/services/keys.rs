//! Key management: PSA Crypto API §9.

use super::{APPLICATION, Crypto, number_fits, status};
use crate::dispatch::{Input, Output};
use crate::{Board, Platform};
use cdd_gate::{ATTRIBUTES_BYTES, KeyAttributes, Status};
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::Attributes;

/// Reads a record of attributes.
pub(super) fn attributes(record: &[u8]) -> Result<Attributes, Status> {
    let record: &[u8; ATTRIBUTES_BYTES] = record.try_into().map_err(|_| Status::InvalidArgument)?;
    let KeyAttributes { key_type, bits, usage, algorithm, lifetime, id } = KeyAttributes::from_bytes(record);
    Ok(Attributes { key_type, bits, usage, algorithm, lifetime, id })
}

fn attributes_in<M: CallerMemory>(memory: &M, record: Input) -> Result<Attributes, Status> {
    let mut bytes = [0u8; ATTRIBUTES_BYTES];
    attributes(record.copy(memory, &mut bytes)?)
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    pub(crate) fn import_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        record: Input,
        data: Input,
        key: &mut Output,
    ) -> Result<(), Status> {
        number_fits(key)?;
        let wanted = attributes_in(memory, record)?;
        let made = self.crypto(|Crypto { keystore, mut env, mut input, .. }| {
            let data = input.take(memory, data)?;
            keystore.import(&mut env, APPLICATION, &wanted, data).map_err(status)
        })?;
        Self::write_number(memory, key, made)
    }

    pub(crate) fn generate_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        record: Input,
        key: &mut Output,
    ) -> Result<(), Status> {
        number_fits(key)?;
        let wanted = attributes_in(memory, record)?;
        let made = self.crypto(|Crypto { keystore, mut env, .. }| {
            keystore.generate(&mut env, APPLICATION, &wanted).map_err(status)
        })?;
        Self::write_number(memory, key, made)
    }

    pub(crate) fn copy_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        source: u32,
        record: Input,
        key: &mut Output,
    ) -> Result<(), Status> {
        number_fits(key)?;
        let wanted = attributes_in(memory, record)?;
        let made = self.crypto(|Crypto { keystore, mut env, .. }| {
            keystore.copy(&mut env, APPLICATION, source, &wanted).map_err(status)
        })?;
        Self::write_number(memory, key, made)
    }

    pub(crate) fn export_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        data: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut output, .. }| {
            let out = output.for_output(data.capacity());
            let size = keystore.export(&mut env, APPLICATION, key, out).map_err(status)?;
            data.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn export_public_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        data: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut output, .. }| {
            let out = output.for_output(data.capacity());
            let size = keystore.export_public(&mut env, APPLICATION, key, out).map_err(status)?;
            data.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn get_key_attributes<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        record: &mut Output,
    ) -> Result<(), Status> {
        let found = self.crypto(|Crypto { keystore, mut env, .. }| {
            keystore.attributes(&mut env, APPLICATION, key).map_err(status)
        })?;
        let Attributes { key_type, bits, usage, algorithm, lifetime, id } = found;
        record.write(memory, &KeyAttributes { key_type, bits, usage, algorithm, lifetime, id }.to_bytes())
    }

    pub(crate) fn destroy_key<M: CallerMemory>(&mut self, _: &mut M, key: u32) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, .. }| {
            keystore.destroy(&mut env, APPLICATION, key).map_err(status)
        })
    }
}
