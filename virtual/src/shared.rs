//! A flash that two parts of the platform hold: trusted storage its region, the board all of it.

use crate::{Nor, NorError};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};
use std::cell::{RefCell, RefMut};
use std::rc::Rc;

/// A handle on a flash.
#[derive(Debug, Clone)]
pub struct SharedNor(Rc<RefCell<Nor>>);

impl SharedNor {
    /// Shares this flash.
    pub fn new(nor: Nor) -> SharedNor {
        SharedNor(Rc::new(RefCell::new(nor)))
    }

    /// The flash itself: its power, its content, what was done to it.
    pub fn nor(&self) -> RefMut<'_, Nor> {
        self.0.borrow_mut()
    }
}

impl ErrorType for SharedNor {
    type Error = NorError;
}

impl ReadNorFlash for SharedNor {
    const READ_SIZE: usize = Nor::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        self.nor().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.borrow().capacity()
    }
}

impl NorFlash for SharedNor {
    const WRITE_SIZE: usize = Nor::WRITE_SIZE;
    const ERASE_SIZE: usize = Nor::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorError> {
        self.nor().erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorError> {
        self.nor().write(offset, bytes)
    }
}

impl MultiwriteNorFlash for SharedNor {}
