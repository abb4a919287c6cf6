//! What `pkg-config` and CMake want to know. Both find the library beside themselves, wherever the folder is moved.

use super::LibraryOptions;

/// From the folder of the libraries.
pub(super) const PKG_CONFIG: &str = "pkgconfig/agent-receipts.pc";
/// From the folder of the libraries.
pub(super) const CMAKE: &str = "cmake/agent-receipts/agent-receipts-config.cmake";

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn pkg_config(options: LibraryOptions) -> String {
    let what = if options.verifier { "Emit events and verify receipts" } else { "Emit events" };
    format!(
        "prefix=${{pcfiledir}}/../..\n\
         includedir=${{prefix}}/include\n\
         libdir=${{prefix}}/lib\n\n\
         Name: agent-receipts\n\
         Description: {what}\n\
         Version: {VERSION}\n\
         Cflags: -I${{includedir}}\n\
         Libs: -L${{libdir}} -lagent_receipts\n\
         Libs.private: -lpthread -ldl -lm\n"
    )
}

pub(super) fn cmake(shared: &str) -> String {
    format!(
        "# target_link_libraries(program PRIVATE agent-receipts)\n\
         get_filename_component(_agent_receipts \"${{CMAKE_CURRENT_LIST_DIR}}/../../..\" ABSOLUTE)\n\
         add_library(agent-receipts SHARED IMPORTED)\n\
         set_target_properties(agent-receipts PROPERTIES\n  \
           IMPORTED_LOCATION \"${{_agent_receipts}}/lib/{shared}\"\n  \
           INTERFACE_INCLUDE_DIRECTORIES \"${{_agent_receipts}}/include\")\n\
         unset(_agent_receipts)\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_on_this_machine_is_named() {
        let texts = [pkg_config(LibraryOptions::default()), cmake("libagent_receipts.so")];
        for text in texts {
            let root = env!("CARGO_MANIFEST_DIR");
            assert!(!text.contains(root) && !text.contains("=/"), "{text}");
        }
        assert!(pkg_config(LibraryOptions { verifier: true }).contains("verify receipts"));
    }
}
