/** Where a working directory keeps what boardwalk leaves (`runs/`, `devices/`) and, while it works, what goes with it (`custody/`). */
export const stateDirectoryName = '.boardwalk';
