/*
** The one place that says which version this is. 'tools/release' changes
** it, and what is compared with it by spec/version_spec.lua.
*/

#ifndef pfd_version_h
#define pfd_version_h

#define PFD_VERSION "0.1.0"

#endif
