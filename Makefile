# Everything that is built goes to build/, never into the source tree.

CC = cc
CFLAGS ?= -O2
LUA = lua5.4
LUA_INCDIR = /usr/include/lua5.4
LUA_LIB = -llua5.4
PREFIX = /usr/local
LUA_CMOD = $(PREFIX)/lib/lua/5.4
LUA_TYPES = $(PREFIX)/share/lua/5.4
export LUA LUA_INCDIR

SRC = $(wildcard src/*.c src/*/*.c)
MODULE = build/pidfd.so
OOM_HOST = build/sanitize/oom-host
INJECT_HOST = build/sanitize/inject-host
BENCH = $(patsubst bench/%.c,build/bench/%,$(wildcard bench/*.c))

STANDARD = -std=gnu11 -isystem $(LUA_INCDIR)
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef \
  -Wcast-align -Wcast-qual -Wwrite-strings -Wpointer-arith \
  -Wstrict-prototypes -Wmissing-prototypes -Wredundant-decls \
  -Wold-style-definition -Wformat=2
ifneq ($(filter true,$(CI))$(WERROR),)
WARNINGS += -Werror
endif

define COMPILE
@mkdir -p $(@D)
@echo 'cc $<'
@$(CC) $(STANDARD) $(WARNINGS) -fPIC -MMD \
  $(CPPFLAGS) $(CFLAGS) $(VARIANT) -c -o $@ $<
endef

define LINK
@echo 'ld $@'
@$(CC) -shared -Wl,-z,relro,-z,now $(LDFLAGS) $(VARIANT) -o $@ $^
endef

# The interpreter is not built with ASan, so it has to be preloaded. Every
# process that a spec starts inherits it, and LeakSanitizer refuses to run
# under strace: leaks of memory are left to 'make oom'.
ASAN = LD_PRELOAD="$$($(CC) -print-file-name=libasan.so)" \
  ASAN_OPTIONS=detect_leaks=0

# Each file by itself, or every collection would have all of them to go through;
# without the thousands of processes, which prove nothing about ownership.
HARD_GC_SPECS = $(or $(SPECS),\
  $(filter-out spec/fleet_spec.lua,$(wildcard spec/*_spec.lua)))

# What a goal needs beyond make and a C compiler: rows of tools/need.
NEEDS_demo = lua5.4 lua.h
NEEDS_test = $(NEEDS_demo) busted cqueues luv socket luarocks nginx strace
NEEDS_lint = $(NEEDS_demo) clang-format clang-tidy cppcheck luacheck
NEEDS_sanitize = $(NEEDS_test)
NEEDS_hard-gc = $(NEEDS_test)
NEEDS_oom = $(NEEDS_demo)
NEEDS_inject = $(NEEDS_demo)
NEEDS_old-kernel = $(NEEDS_test) linux.uml ip
NEEDS_coverage = $(NEEDS_test)
NEEDS_bench = $(NEEDS_test)
NEEDS = $(sort $(foreach goal,$(MAKECMDGOALS),$(NEEDS_$(goal))))


.PHONY: all
all: $(MODULE) ## build build/pidfd.so (the default)

.PHONY: demo
demo: $(MODULE) ## build, and watch it work
	@LUA_CPATH_5_4='$(CURDIR)/build/?.so;;' $(LUA) examples/demo.lua

.PHONY: test
test: $(MODULE) ## build, and run the specs (SPECS=spec/open_spec.lua)
	@tools/specs build $(SPECS)

.PHONY: lint
lint: needs ## check the style of the C and of the Lua
	tools/lint $(STANDARD)

.PHONY: sanitize
sanitize: build/sanitize/pidfd.so ## run the specs under ASan and UBSan
	@$(ASAN) tools/specs build/sanitize $(SPECS)

.PHONY: hard-gc
hard-gc: $(MODULE) ## run the specs with a collector that never rests
	@for spec in $(HARD_GC_SPECS); do \
	  echo "$$spec"; \
	  tools/specs build --helper spec/support/hard_gc.lua $$spec || exit 1; \
	done

.PHONY: oom
oom: $(OOM_HOST) ## let every single allocation of every call fail
	@$(OOM_HOST) spec/oom/run.lua

.PHONY: inject
inject: $(INJECT_HOST) build/inject/true ## let every system call fail
	@PATH=build/inject $(INJECT_HOST) spec/inject/run.lua

.PHONY: old-kernel
old-kernel: $(MODULE) ## run the specs on Linux 6.1
	@tools/old-kernel build $(SPECS)

.PHONY: coverage
coverage: build/coverage/pidfd.so ## run the specs, and tell what they reach
	@find build/coverage -name '*.gcda' -delete
	@tools/specs build/coverage $(SPECS); status=$$?; \
	  tools/coverage build/coverage/obj $(SRC); exit $$status

.PHONY: bench
bench: $(MODULE) $(BENCH) ## measure it against what else there is
	@LUA_CPATH_5_4='$(CURDIR)/build/?.so;;' $(LUA) bench/run.lua

.PHONY: install
install: $(MODULE) ## install to PREFIX (/usr/local), below DESTDIR
	install -D -m 644 $(MODULE) $(DESTDIR)$(LUA_CMOD)/pidfd.so
	install -D -m 644 types/pidfd.d.lua $(DESTDIR)$(LUA_TYPES)/pidfd.d.lua

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(LUA_CMOD)/pidfd.so $(DESTDIR)$(LUA_TYPES)/pidfd.d.lua

.PHONY: clean
clean: ## remove what was built, by LuaRocks as well
	rm -rf build src/*.o src/*/*.o pidfd.so

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' Makefile | \
	  while read -r goal what; do printf '%-12s%s\n' "$$goal" "$$what"; done


# Comes before any compilation. Goals that need nothing install nothing.
.PHONY: needs
needs:
	@tools/need $(or $(NEEDS),--only-tell lua.h)

OBJ = $(SRC:src/%.c=build/obj/%.o)
SANITIZE_OBJ = $(SRC:src/%.c=build/sanitize/obj/%.o)
COVERAGE_OBJ = $(SRC:src/%.c=build/coverage/obj/%.o)

build/sanitize/%: VARIANT = -O1 -g -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all
build/coverage/%: VARIANT = -O0 --coverage

$(MODULE): $(OBJ)
	$(LINK)

build/sanitize/pidfd.so: $(SANITIZE_OBJ)
	$(LINK)

build/coverage/pidfd.so: $(COVERAGE_OBJ)
	$(LINK)

$(OBJ): build/obj/%.o: src/%.c | needs
	$(COMPILE)

$(SANITIZE_OBJ): build/sanitize/obj/%.o: src/%.c | needs
	$(COMPILE)

$(COVERAGE_OBJ): build/coverage/obj/%.o: src/%.c | needs
	$(COMPILE)

build/sanitize/host.o: spec/oom/host.c | needs
	$(COMPILE)

$(OOM_HOST): build/sanitize/host.o $(SANITIZE_OBJ)
	@echo 'ld $@'
	@$(CC) $(LDFLAGS) $(VARIANT) -o $@ $^ $(LUA_LIB)

build/sanitize/inject.o: spec/inject/host.c | needs
	$(COMPILE)

$(INJECT_HOST): build/sanitize/inject.o $(SANITIZE_OBJ)
	@echo 'ld $@'
	@$(CC) $(LDFLAGS) $(VARIANT) -o $@ $^ $(LUA_LIB)

build/inject/true: spec/inject/true.c | needs
	@mkdir -p $(@D)
	@echo 'cc $<'
	@$(CC) $(STANDARD) $(WARNINGS) -O1 -fno-stack-protector -nostdlib -static \
	  -ffreestanding -o $@ $<
	@printf '#!/bin/sh\nprintf "$$@"\n' >$(@D)/printf
	@chmod +x $(@D)/printf

build/bench/%: bench/%.c | needs
	@mkdir -p $(@D)
	@echo 'cc $<'
	@$(CC) $(STANDARD) $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -o $@ $<

-include $(shell find build -name "*.d" 2>/dev/null)
