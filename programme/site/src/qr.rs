//! QR codes as SVG: dark on light whatever the page's colours, with the quiet zone that readers need.

use crate::SiteError;
use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// Modules of quiet zone on each side (ISO/IEC 18004).
const QUIET: i32 = 4;

/// The code of an address. A fifth of it may be scratched off a box: level M, or better where that makes it no larger.
pub(crate) fn svg(address: &str) -> Result<String, SiteError> {
    let code = QrCode::encode_text(address, QrCodeEcc::Medium)
        .map_err(|_| SiteError::Address(address.chars().take(200).collect()))?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count() as i32;
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    let side = code.size() + 2 * QUIET;
    Ok(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"QR code of this page's address\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}
