//! The program that started this one, and whether it has exited.

/// The program that started this one.
#[cfg(unix)]
pub(crate) struct Parent(u32);

#[cfg(unix)]
impl Parent {
    pub(crate) fn now() -> Self {
        Self(std::os::unix::process::parent_id())
    }

    /// An orphan gets another parent.
    pub(crate) fn is_gone(&self) -> bool {
        std::os::unix::process::parent_id() != self.0
    }
}

/// The program that started this one; `None` if it has exited already.
#[cfg(windows)]
pub(crate) struct Parent(Option<std::os::windows::io::OwnedHandle>);

#[cfg(windows)]
impl Parent {
    pub(crate) fn now() -> Self {
        use std::os::windows::io::{FromRawHandle as _, OwnedHandle};

        use windows_sys::Win32::System::Threading::{OpenProcess, PROCESS_SYNCHRONIZE};

        let Some(id) = parent_id(std::process::id()) else { return Self(None) };
        // SAFETY: any number may be given; NULL is the answer if there is no such process.
        let process = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, id) };
        // SAFETY: the handle is open, and nothing else owns it.
        Self((!process.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(process) }))
    }

    /// A process is signalled when it exits.
    pub(crate) fn is_gone(&self) -> bool {
        use std::os::windows::io::AsRawHandle as _;

        use windows_sys::Win32::Foundation::WAIT_TIMEOUT;
        use windows_sys::Win32::System::Threading::WaitForSingleObject;

        // SAFETY: the handle is open as long as `self` is there.
        self.0.as_ref().is_none_or(|process| unsafe { WaitForSingleObject(process.as_raw_handle(), 0) } != WAIT_TIMEOUT)
    }
}

/// The number of the process that has started the process `own`.
#[cfg(windows)]
fn parent_id(own: u32) -> Option<u32> {
    use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};

    use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
    use windows_sys::Win32::System::Diagnostics::ToolHelp::{
        CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
    };

    // SAFETY: it takes numbers only.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) };
    if snapshot == INVALID_HANDLE_VALUE {
        return None;
    }
    // SAFETY: the handle is open, and nothing else owns it.
    let snapshot = unsafe { OwnedHandle::from_raw_handle(snapshot) };
    let mut entry = PROCESSENTRY32W { dwSize: size_of::<PROCESSENTRY32W>() as u32, ..Default::default() };
    // SAFETY: an open handle, and an entry with its size.
    let mut is_there = unsafe { Process32FirstW(snapshot.as_raw_handle(), &mut entry) };
    while is_there != 0 {
        if entry.th32ProcessID == own {
            return Some(entry.th32ParentProcessID);
        }
        // SAFETY: as above.
        is_there = unsafe { Process32NextW(snapshot.as_raw_handle(), &mut entry) };
    }
    None
}
