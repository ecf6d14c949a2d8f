local read = require "spec.support.read"
local repository = require "spec.support.repository"
local sorted = require "spec.support.sorted"
local versions = require "spec.support.versions"

local HEADING = "\n## %s %%- %%d%%d%%d%%d%%-%%d%%d%%-%%d%%d\n"

local function release(where, words)
  return repository.sh(where, "tools/release " .. words)
end

-- All that a release changes.
local function state(where)
  return repository.must(where, [[
    git rev-parse HEAD; git symbolic-ref -q HEAD; git tag
    git status --porcelain; git worktree list | wc -l
    ls build/dist 2>/dev/null || true]])
end

local function is_released(where, version)
  local changelog = read(where .. "/CHANGELOG.md")
  assert.matches(HEADING:format(version:gsub("%.", "%%.")), changelog)
  assert.is_nil(changelog:find("\n## Unreleased\n"))
  repository.must(where, ("test -s build/dist/pidfd-%s-1.src.rock")
    :format(version))
  assert.equal("release: pidfd " .. version .. "\n",
    repository.must(where, "git log -1 --format=%s main"))
  assert.equal("tag\n", repository.must(where, "git cat-file -t v" .. version))
  assert.equal("", repository.must(where, "git diff v" .. version .. " main"))
  assert.equal("", repository.must(where, "git status --porcelain"))
  for place, found in sorted((versions(where))) do
    assert.equal(version, found, place)
  end
end

-- The version that is set already, and then a later one.
local function release_twice(where)
  local first = select(2, versions(where))
  local output, ok = release(where, first)
  assert.is_true(ok, output)
  is_released(where, first)
  assert.is_nil(read(where .. "/contrib/debian/changelog"):find("UNREL"))

  -- and once more, for the next one, from another directory
  repository.must(where, [[
    printf '\n## Unreleased\n\n- More.\n' >>CHANGELOG.md &&
    git commit -qam x]])
  output, ok = repository.sh("/", where .. "/tools/release 99.0.10")
  assert.is_true(ok, output)
  is_released(where, "99.0.10")
  repository.must(where, ("test -s rockspecs/pidfd-%s-1.rockspec")
    :format(first))
  assert.matches("^lua%-pidfd %(99.*\n\nlua%-pidfd %(" .. first,
    read(where .. "/contrib/debian/changelog"))
  assert.equal("1\n", repository.must(where, "git worktree list | wc -l"))
end

describe("tools/release", function()
  it("sets the version, dates, commits, tags, makes the source rock", function()
    repository.with(release_twice)
  end)

  local refusals = {
    { "a tree that is not clean", "echo >>README.md", "1.0.0",
      "not committed:\n M README.md" },
    { "a file that was not added", "echo >new.lua", "1.0.0",
      "not committed:\n?? new.lua" },
    { "a version that has a tag", "git tag v1.0.0", "1.0.0",
      "there is a tag v1.0.0" },
    { "a version that is not later", "git tag v1.10.0", "1.9.0",
      "1.10.0 was released, which is later than 1.9.0" },
    { "a version of two numbers", "true", "1.0", "'1.0' is no version" },
    { "a version of four numbers", "true", "1.0.0.0", "is no version" },
    { "a version with a letter", "true", "v1.0.0", "is no version" },
    { "a version with a zero in front", "true", "1.02.0", "is no version" },
    { "a version of two lines", "true", "'1.0.0\n1.0.0'", "is no version" },
    { "no version", "true", "''", "is no version" },
    { "to run without a version", "true", "", "usage: tools/release X.Y.Z" },
    { "a changelog without Unreleased",
      "sed -i 's/^## Unreleased/## 0.0.1/' CHANGELOG.md; git commit -qam x",
      "1.0.0", "no line under '## Unreleased'" },
    { "a changelog with nothing under Unreleased",
      "printf '## Unreleased\n\n## 0.0.1\n\n- x\n' >CHANGELOG.md; " ..
      "git commit -qam x", "1.0.0", "no line under '## Unreleased'" },
    { "a commit that is on no branch", "git checkout -q --detach", "1.0.0",
      "HEAD is on no branch" },
    { "to go on without a commit", "git config --unset user.email; " ..
      "git config user.useConfigOnly true", "1.0.0", "no email was given" },
  }

  for _, case in ipairs(refusals) do
    local what, prepare, words, message = case[1], case[2], case[3], case[4]
    it("refuses " .. what .. ", and changes nothing", function()
      repository.with(function(where)
        repository.must(where, prepare)
        local before = state(where)
        local output, ok = release(where, words)
        assert.is_false(ok)
        assert.matches(message, output, 1, true)
        assert.equal(before, state(where))
      end)
    end)
  end
end)
