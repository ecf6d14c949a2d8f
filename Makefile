# Everything that is built goes below BUILD, never among the sources.

CFLAGS ?= -O2
LUA_VERSION = 5.4
PREFIX = /usr/local
BUILD = build
OUT = $(BUILD)/$(LUA_VERSION)
ifneq ($(words x$(BUILD)x),1)
  $(error BUILD is a directory without blanks in its name, not '$(BUILD)')
endif

# What follows from the version, and can be given as well.
ifeq ($(LUA_VERSION),jit)
  LUA = luajit
  LUA_INCDIR = /usr/include/luajit-2.1
  LUA_LIB = -lluajit-5.1
  MODULES = 5.1
else ifeq ($(LUA_VERSION)-$(wildcard $(BUILD)/lua5.5/ready),5.5-$(BUILD)/lua5.5/ready)
  LUA5.5 = $(abspath $(BUILD))/lua5.5
  LUA = $(LUA5.5)/lua5.5
  LUA_INCDIR = $(LUA5.5)/include
  LUA_LIB = -Wl,-E,--whole-archive,$(BUILD)/lua5.5/liblua5.5.a \
    -Wl,--no-whole-archive -lm
  MODULES = 5.5
  # busted itself is where it is for 5.4
  FIND = $(1)/?.lua;$(1)/?/init.lua
  export LUA_PATH_5_5 = ./?.lua;$(call FIND,$(LUA5.5)/usr/share/lua/5.5);$(call FIND,/usr/share/lua/5.4)
  export LUA_CPATH_5_5 = $(LUA5.5)/modules/?.so
else ifneq ($(filter 5.1 5.2 5.3 5.4 5.5,$(LUA_VERSION)),)
  LUA = lua$(LUA_VERSION)
  LUA_INCDIR = /usr/include/lua$(LUA_VERSION)
  LUA_LIB = -llua$(LUA_VERSION)
  MODULES = $(LUA_VERSION)
else
  $(error LUA_VERSION is 5.1, 5.2, 5.3, 5.4, 5.5 or jit, not '$(LUA_VERSION)')
endif
LUA_CMOD = $(PREFIX)/lib/lua/$(MODULES)
MAN = $(PREFIX)/share/man/man3
# installed if 'make doc' has made it, which takes pandoc
MAN_PAGE = $(BUILD)/doc/pidfd.3lua
# an addon for editors: what they find below addons/ they may load
ADDON = $(PREFIX)/share/lua-language-server/addons/pidfd
export BUILD LUA LUA_INCDIR LUA_LIB LUA_VERSION

SRC = $(wildcard src/*.c src/*/*.c)
MODULE = $(OUT)/pidfd.so
# for programs that have another Lua in them: LuaJIT takes that of 5.1
HOST_MODULES = $(filter-out $(MODULE),$(BUILD)/5.1/pidfd.so $(BUILD)/5.3/pidfd.so)
OOM_HOST = $(OUT)/sanitize/oom-host
BENCH = $(OUT)/bench/floor.so $(patsubst bench/%.c,$(BUILD)/bench/%,\
  $(filter-out bench/floor.c,$(wildcard bench/*.c)))
FUZZER = $(OUT)/fuzz/fuzzer
PARALLEL = $(OUT)/tsan/parallel
COVERAGE_HOSTS = $(OUT)/coverage/oom-host $(OUT)/coverage/inject-host \
  $(BUILD)/inject/true
RUN_COVERAGE_HOSTS = $(OUT)/coverage/oom-host spec/oom/run.lua >/dev/null; \
  $(OUT)/coverage/oom-host spec/oom/finalizers.lua >/dev/null; \
  PATH=$(BUILD)/inject $(OUT)/coverage/inject-host spec/inject/run.lua \
    >/dev/null;
# of ordinary users, who cannot write to the objects' directory
COVERAGE_STRANGERS = $(OUT)/coverage/obj-strangers
INJECT_HOST = $(OUT)/sanitize/inject-host

STANDARD = -std=gnu11 -isystem $(LUA_INCDIR)
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef \
  -Wcast-align -Wcast-qual -Wwrite-strings -Wpointer-arith \
  -Wstrict-prototypes -Wmissing-prototypes -Wredundant-decls \
  -Wold-style-definition -Wformat=2
ifneq ($(filter true,$(CI))$(WERROR),)
WARNINGS += -Werror
endif

# It cannot where the sources belong to somebody else, or root has built here.
CANNOT_WRITE = { \
  echo "Cannot write to $(@D): 'make BUILD=DIRECTORY' builds elsewhere," >&2; \
  echo "and 'sudo make clean' removes what root has built." >&2; exit 1; }

define MKDIR
@mkdir -p $(@D) 2>/dev/null && [ -w $(@D) ] || $(CANNOT_WRITE)
endef

define COMPILE
$(MKDIR)
@echo 'cc $<'
@$(CC) $(STANDARD) $(WARNINGS) -fPIC -MMD -MP \
  $(CPPFLAGS) $(CFLAGS) $(VARIANT) -c -o $@ $<
endef

define LINK
@echo 'ld $@'
@$(CC) -shared -Wl,-z,relro,-z,now $(CFLAGS) $(LDFLAGS) $(VARIANT) -o $@ $^
endef

# The module, for a program in Lua. All versions know the plain name.
CPATH = env -u LUA_CPATH_5_$(lastword $(subst ., ,$(MODULES))) \
  LUA_CPATH='$(abspath $(OUT))/?.so;;'

# The interpreter is not built with ASan, so it has to be preloaded. Every
# process that a spec starts inherits it, and LeakSanitizer refuses to run
# under strace: leaks of memory are left to 'make oom'.
ASAN = LD_PRELOAD="$$($(CC) -print-file-name=libasan.so)" \
  ASAN_OPTIONS=detect_leaks=0

# Without the thousands of processes, which prove nothing about ownership.
HARD_GC_SPECS = $(or $(SPECS),\
  $(filter-out spec/fleet_spec.lua,$(wildcard spec/*_spec.lua)))

# What a goal needs: rows of tools/need.
NEEDS_all = cc libc lua.h
NEEDS_demo = $(NEEDS_all) lua proc
NEEDS_test = $(NEEDS_demo) luarocks nginx strace systemd-notify \
  $(if $(filter 5.5,$(LUA_VERSION)),busted-alone,busted cqueues luv socket copas)
NEEDS_test-all = proc patchelf
NEEDS_lint = $(NEEDS_demo) lua5.1 clang-format clang-tidy cppcheck luacheck busted
NEEDS_sanitize = $(NEEDS_test)
NEEDS_hard-gc = $(NEEDS_test)
NEEDS_oom = $(NEEDS_demo)
NEEDS_fuzz = $(NEEDS_demo)
NEEDS_threads = $(NEEDS_demo)
NEEDS_soak = $(NEEDS_demo)
NEEDS_inject = $(NEEDS_demo)
NEEDS_finalizers = $(NEEDS_demo)
NEEDS_old-kernel = $(NEEDS_test) linux.uml ip
NEEDS_kernels = $(NEEDS_test) patchelf ip
NEEDS_machines = proc busted cqueues luv socket patchelf \
  $(foreach machine,i386 arm64 armhf riscv64,$(machine)-cc $(machine)-libc)
NEEDS_doc = lua pandoc mandoc
NEEDS_musl = proc busted musl-gcc
NEEDS_hosts = $(NEEDS_test) lua5.1.h lua5.3.h nvim tarantool haproxy prosody
NEEDS_coverage = $(NEEDS_test)
NEEDS_bench = $(NEEDS_test)
NEEDS_dist = git
NEEDS_deb = git pandoc debhelper dh-lua dpkg-dev build-essential
NEEDS = $(sort $(foreach goal,$(filter-out all,$(MAKECMDGOALS)),\
  $(NEEDS_$(goal))))


.PHONY: all
all: $(MODULE) ## build build/5.4/pidfd.so (LUA_VERSION=5.1, …, 5.5, jit)

.PHONY: demo
demo: $(MODULE) ## build, and watch it work
	@$(CPATH) $(LUA) examples/demo.lua

.PHONY: test
test: $(MODULE) ## build, and run the specs (SPECS=spec/open_spec.lua)
	@tools/specs $(OUT) $(SPECS)

.PHONY: test-all
test-all: needs ## the specs under Lua 5.1, 5.2, 5.3, LuaJIT, 5.4 and 5.5, and a table
	@tools/every-lua $(SPECS)

.PHONY: lint
lint: $(MODULE) ## check the style of the C and of the Lua
	tools/lint $(STANDARD)

.PHONY: sanitize
sanitize: $(OUT)/sanitize/pidfd.so ## run the specs under ASan and UBSan
	@$(ASAN) tools/specs $(OUT)/sanitize $(SPECS)

.PHONY: hard-gc
hard-gc: $(MODULE) ## run the specs with a collector that never rests
	@tools/specs $(OUT) --helper=spec/support/hard_gc.lua $(HARD_GC_SPECS)

.PHONY: oom
oom: $(OOM_HOST) ## let every single allocation of every call fail
	@$(OOM_HOST) spec/oom/run.lua

.PHONY: fuzz
fuzz: SECONDS = 60
fuzz: $(FUZZER) ## random calls, under ASan and UBSan (SECONDS=60, SEED=)
	@ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16 $(FUZZER) spec/fuzz/run.lua $(SECONDS) $(or $(FUZZ_MODE),spawn) $(SEED)

.PHONY: threads
threads: SECONDS = 60
threads: $(PARALLEL) ## four states in four threads, under TSan (SECONDS=60)
	@TSAN_OPTIONS='halt_on_error=1 die_after_fork=0' \
	  $(PARALLEL) spec/parallel/run.lua $(SECONDS)

.PHONY: soak
soak: SECONDS = 600
soak: $(MODULE) ## children without end: what is left? (SECONDS=600)
	@$(CPATH) $(LUA) spec/soak/run.lua $(SECONDS)

.PHONY: inject
inject: $(INJECT_HOST) $(BUILD)/inject/true ## let every system call fail
	@PATH=$(BUILD)/inject $(INJECT_HOST) spec/inject/run.lua

.PHONY: finalizers
finalizers: $(OOM_HOST) ## let a finalizer run at every point of every call
	@ASAN_OPTIONS=detect_leaks=0 $(OOM_HOST) spec/oom/finalizers.lua

.PHONY: old-kernel
old-kernel: $(MODULE) ## run the specs on Linux 6.1
	@tools/kernel linux.uml $(MODULE:/pidfd.so=) $(SPECS)

.PHONY: kernels
kernels: $(MODULE) ## run the specs on Linux 5.10 to 7.2 (SUITES=unstable)
	@tools/kernels $(MODULE:/pidfd.so=) $(SPECS)

.PHONY: machines
machines: needs ## compile for other machines, run the specs (MACHINES=arm64)
	@tools/machines "-std=gnu11 $(WARNINGS) -Werror" $(SPECS)

.PHONY: musl
musl: needs ## compile with musl, and run the specs
	@tools/musl "-std=gnu11 $(WARNINGS) -Werror" $(SPECS)

.PHONY: hosts
hosts: $(MODULE) $(HOST_MODULES) ## wait in Neovim, nginx, Tarantool, HAProxy and Prosody
	@tools/ngx-lua
	@tools/specs $(MODULE:/pidfd.so=) $(wildcard spec/hosts_*_spec.lua)

.PHONY: coverage
coverage: $(OUT)/coverage/pidfd.so $(COVERAGE_HOSTS) ## what the specs, oom and inject reach (UNCOVERED=1)
	@rm -rf $(COVERAGE_STRANGERS) && mkdir -p $(COVERAGE_STRANGERS)
	@find $(OUT)/coverage -name '*.gcda' -delete
	@PIDFD_COVERAGE="$(abspath $(OUT))/coverage/obj" \
	  tools/specs $(OUT)/coverage $(SPECS); status=$$?; \
	  $(if $(SPECS),,$(RUN_COVERAGE_HOSTS)) \
	  for said in $(COVERAGE_STRANGERS)/*/obj; do \
	    gcov-tool merge $(OUT)/coverage/obj $$said \
	      -o $(OUT)/coverage/obj >/dev/null 2>&1; done; \
	  tools/coverage $(if $(UNCOVERED),--uncovered) $(OUT)/coverage/obj $(SRC) \
	  && exit $$status

.PHONY: bench
bench: $(MODULE) $(BENCH) ## measure it against what else there is
	@$(subst ;;,;$(abspath $(OUT))/bench/?.so;;,$(CPATH)) $(LUA) bench/run.lua

.PHONY: doc
doc: needs ## the reference as HTML and as a man page, in build/doc/
	@$(LUA) tools/doc/build $(BUILD)/doc
	@mandoc -Tlint -Wstyle $(MAN_PAGE)
	@echo '$(BUILD)/doc/index.html  $(MAN_PAGE)'

.PHONY: install
install: $(MODULE) ## install to PREFIX (/usr/local), below DESTDIR
	install -D -m 644 $(MODULE) $(DESTDIR)$(LUA_CMOD)/pidfd.so
	install -D -m 644 types/pidfd.d.lua $(DESTDIR)$(ADDON)/library/pidfd.d.lua
	install -D -m 644 types/config.json $(DESTDIR)$(ADDON)/config.json
	$(if $(wildcard $(MAN_PAGE)),install -D -m 644 $(MAN_PAGE) $(DESTDIR)$(MAN)/pidfd.3lua)

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(LUA_CMOD)/pidfd.so $(DESTDIR)$(MAN)/pidfd.3lua
	rm -f $(DESTDIR)$(ADDON)/library/pidfd.d.lua $(DESTDIR)$(ADDON)/config.json
	@! cd $(DESTDIR)$(dir $(ADDON)) 2>/dev/null || rmdir -p pidfd/library 2>/dev/null || true

.PHONY: dist
dist: needs ## the source rock of what is committed, in build/dist/
	@tools/dist $(BUILD)/dist

.PHONY: deb
deb: needs ## Debian packages of what is committed, in build/deb/
	@tools/deb $(BUILD)/deb

# A BUILD that was given may have other things in it.
BUILT = $(if $(filter build,$(BUILD)),build,$(addprefix $(BUILD)/,\
  5.1 5.2 5.3 5.4 5.5 jit apt bench deb dist doc hosts inject kernels lua5.5 \
  machines musl results))

.PHONY: clean
clean: ## remove what was built, by LuaRocks as well
	@rm -rf $(BUILT) src/*.o src/*/*.o pidfd.so luarocks.lock \
	  2>/dev/null || { \
	  echo "What root has built, 'sudo make clean' removes." >&2; exit 1; }

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' Makefile | \
	  while read -r goal what; do printf '%-12s%s\n' "$$goal" "$$what"; done


# Comes before any compilation. Goals that need nothing install nothing.
.PHONY: needs
needs:
	@tools/need $(or $(NEEDS),--only-tell $(NEEDS_all))

OBJ = $(SRC:src/%.c=$(OUT)/obj/%.o)
SANITIZE_OBJ = $(SRC:src/%.c=$(OUT)/sanitize/obj/%.o)
FUZZ_OBJ = $(OUT)/fuzz/main.o $(OUT)/fuzz/host.o \
  $(SRC:src/%.c=$(OUT)/fuzz/obj/%.o)
TSAN_OBJ = $(SRC:src/%.c=$(OUT)/tsan/obj/%.o)
COVERAGE_OBJ = $(SRC:src/%.c=$(OUT)/coverage/obj/%.o)

$(OUT)/sanitize/%: VARIANT = -O1 -g -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all
$(OUT)/fuzz/%: VARIANT = -O2 -g -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all
$(OUT)/tsan/%: VARIANT = -O1 -g -fsanitize=thread
# A child that shares the memory of its parent, but is no thread that TSan knows
# of, must not run what TSan has instrumented: it would use its parent's state.
$(OUT)/tsan/obj/linux/child.o $(OUT)/tsan/obj/linux/move.o \
  $(OUT)/tsan/obj/linux/raw_%.o: VARIANT = -O1 -g
$(OUT)/coverage/%: VARIANT = -O0 --coverage
COVERAGE_FLUSH = -Wl,--wrap=pfd_sys_quit

# What a child runs that may share this process's memory, and the thread
# control block of one of its threads: no sanitizer's code, which uses both.
$(OUT)/sanitize/obj/linux/child.o $(OUT)/sanitize/obj/linux/move.o \
  $(OUT)/sanitize/obj/linux/raw_%.o: VARIANT = -O1 -g
$(OUT)/fuzz/obj/linux/child.o $(OUT)/fuzz/obj/linux/move.o \
  $(OUT)/fuzz/obj/linux/raw_%.o: VARIANT = -O2 -g

# Changes when the compiler or its flags do: then all is compiled anew. But
# 'sudo make install' takes what is there, whatever sudo passes on.
FLAGS = $(OUT)/flags
USED = $(subst ','\'',$(CC) $(STANDARD) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS))
ANEW = $(if $(filter-out install,$(or $(MAKECMDGOALS),all)),always)
$(FLAGS): $(ANEW) | needs
	@[ "$$(cat $@ 2>/dev/null)" = '$(USED)' ] || \
	  { mkdir -p $(@D) && echo '$(USED)' >$@; } 2>/dev/null || $(CANNOT_WRITE)

.PHONY: always
always:

$(MODULE): $(OBJ)
	$(LINK)

$(HOST_MODULES): $(BUILD)/%/pidfd.so: $(SRC) $(FLAGS) | needs
	$(MKDIR)
	@echo 'cc $@'
	@$(CC) -std=gnu11 -isystem /usr/include/lua$* $(WARNINGS) -fPIC -shared \
	  $(CPPFLAGS) $(CFLAGS) -o $@ $(SRC)

$(OUT)/sanitize/pidfd.so: $(SANITIZE_OBJ)
	$(LINK)

$(OUT)/coverage/pidfd.so: VARIANT += $(COVERAGE_FLUSH)
$(OUT)/coverage/pidfd.so: $(OUT)/coverage/flush.o $(COVERAGE_OBJ)
	$(LINK)

$(OBJ): $(OUT)/obj/%.o: src/%.c $(FLAGS) | needs
	$(COMPILE)

$(SANITIZE_OBJ): $(OUT)/sanitize/obj/%.o: src/%.c $(FLAGS) | needs
	$(COMPILE)

$(TSAN_OBJ): $(OUT)/tsan/obj/%.o: src/%.c $(FLAGS) | needs
	$(COMPILE)

$(OUT)/tsan/main.o: spec/parallel/main.c $(FLAGS) | needs
	$(COMPILE)

$(PARALLEL): $(OUT)/tsan/main.o $(TSAN_OBJ)
	@echo 'ld $@'
	@$(CC) -rdynamic $(CFLAGS) $(LDFLAGS) $(VARIANT) -o $@ $^ $(LUA_LIB)

$(COVERAGE_OBJ): $(OUT)/coverage/obj/%.o: src/%.c $(FLAGS) | needs
	$(COMPILE)

$(OUT)/sanitize/host.o: spec/oom/host.c $(FLAGS) | needs
	$(COMPILE)

$(OOM_HOST): $(OUT)/sanitize/host.o $(SANITIZE_OBJ)
	@echo 'ld $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) $(VARIANT) -o $@ $^ $(LUA_LIB)

$(OUT)/bench/floor.so: bench/floor.c src/compat.c | needs
	$(MKDIR)
	@echo 'cc $<'
	@$(CC) $(STANDARD) $(WARNINGS) -fPIC -shared $(CPPFLAGS) $(CFLAGS) -o $@ $^

$(OUT)/fuzz/obj/%.o: src/%.c $(FLAGS) | needs
	$(COMPILE)

$(OUT)/fuzz/%.o: spec/fuzz/%.c $(FLAGS) | needs
	$(COMPILE)

$(OUT)/coverage/host.o: spec/oom/host.c $(FLAGS) | needs
	$(COMPILE)

$(OUT)/coverage/flush.o: spec/support/flush.c $(FLAGS) | needs
	$(COMPILE)

$(OUT)/coverage/inject.o: spec/inject/host.c $(FLAGS) | needs
	$(COMPILE)

$(OUT)/coverage/oom-host: $(OUT)/coverage/host.o
$(OUT)/coverage/inject-host: $(OUT)/coverage/inject.o
$(OUT)/coverage/%-host: $(COVERAGE_OBJ)
	@echo 'ld $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) $(VARIANT) -o $@ $^ $(LUA_LIB)

$(FUZZER): $(FUZZ_OBJ)
	@echo 'ld $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) $(VARIANT) -o $@ $^ $(LUA_LIB)

$(OUT)/sanitize/inject.o: spec/inject/host.c $(FLAGS) | needs
	$(COMPILE)

$(INJECT_HOST): $(OUT)/sanitize/inject.o $(SANITIZE_OBJ)
	@echo 'ld $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) $(VARIANT) -o $@ $^ $(LUA_LIB)

$(BUILD)/inject/true: spec/inject/true.c | needs
	$(MKDIR)
	@echo 'cc $<'
	@$(CC) $(STANDARD) $(WARNINGS) -O1 -fno-stack-protector -nostdlib -static \
	  -ffreestanding -o $@ $<
	@printf '#!/bin/sh\nprintf "$$@"\n' >$(@D)/printf
	@chmod +x $(@D)/printf

$(BUILD)/bench/%: bench/%.c $(FLAGS) | needs
	$(MKDIR)
	@echo 'cc $<'
	@$(CC) $(STANDARD) $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -o $@ $<

# The headers that an object was made from. One that has no such list, as an
# older version of this file has left it, is compiled anew.
HEADERS := $(shell find $(OUT) -name '*.d' -type f 2>/dev/null)
UNLISTED := $(filter-out $(HEADERS:.d=.o),\
  $(shell find $(OUT) -name '*.o' -type f 2>/dev/null))
-include $(HEADERS)
$(UNLISTED): $(ANEW)
