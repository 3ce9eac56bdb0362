# shellcheck shell=bash
# What scripts/run and scripts/test share: installing what is missing, and
# building. To be sourced from the top of the source tree.

# What a step writes goes here, to be shown only if the step fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# One requirement a line: how to see that it is there, and the Debian package.
#   cmd:NAME   a command    file:PATH  a file, also by a pattern    pc:MODULE  a pkg-config module
# shellcheck disable=SC2034 # used by those who source this
build_needs='
cmd:gcc          gcc
file:/usr/include/stdio.h  libc6-dev
cmd:meson        meson
cmd:ninja        ninja-build
cmd:pkg-config   pkg-config
cmd:python3      python3
pc:libseccomp    libseccomp-dev
'

step() {
    printf '==> %s\n' "$*"
}

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command whose output matters only if it fails.
quietly() {
    "$@" </dev/null >"$log" 2>&1 || {
        local status=$?
        printf '%s: failed (exit status %d):\n' "$*" "$status" >&2
        tail -n 60 "$log" >&2
        return "$status"
    }
}

is_there() {
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null || [[ -x /usr/sbin/${1#cmd:} ]] ;;
    file:*) compgen -G "${1#file:}" >/dev/null ;;
    pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
    esac
}

# missing_of NEEDS: one line for each that is missing, the package first.
missing_of() {
    local need package
    while read -r need package; do
        [[ -n $need ]] || continue
        is_there "$need" || printf '%s\n' "$package ($need)"
    done <<<"$1"
}

libfuse_is_there() {
    pkg-config --exists 'fuse3 >= 3.17' 2>/dev/null || [[ -e subprojects/libfuse3/meson.build ]]
}

is_debian_like() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null
}

apt_update() {
    step 'reading the package lists'
    quietly env DEBIAN_FRONTEND=noninteractive apt-get -q update
}

# Packages may start services, and PostgreSQL's makes a database for one: not
# because somebody builds or tests. A shell of its own, for the trap.
without_services() (
    policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.conf
    if [[ " $* " == *' postgresql '* && ! -e $clusters ]]; then
        mkdir -p "${clusters%/*}"
        echo 'create_main_cluster = false' >"$clusters"
    fi
    if [[ ! -e $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    "$@"
)

apt_install() {
    step "installing $*"
    without_services quietly env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends --no-remove \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        -o DPkg::Lock::Timeout=300 install "$@"
}

# What libfuse needs: the distribution's own headers where they are new
# enough, else the tools that fetch-libfuse works with.
libfuse_needs() {
    local candidate
    candidate=$(LC_ALL=C apt-cache policy libfuse3-dev | sed -n 's/^ *Candidate: //p')
    if dpkg --compare-versions "${candidate:-0}" ge 3.17 && [[ $candidate != '(none)' ]]; then
        printf 'pc:fuse3>=3.17 libfuse3-dev\n'
    else
        printf 'cmd:dpkg-source dpkg-dev\n'
    fi
}

# systemd.pc is in a package of its own since Debian 13.
systemd_needs() {
    local package=systemd
    if [[ $(apt-cache --quiet=0 show systemd-dev 2>/dev/null) ]]; then
        package=systemd-dev
    fi
    printf 'pc:systemd %s\n' "$package"
}

# The lines on standard input as "a, b, c".
enumerated() {
    paste -sd, | sed 's/,/, /g'
}

# install_needs NEEDS: installs what is missing, or says what that is and
# stops. It does not rely on set -e, which does not work within conditions.
install_needs() {
    local needs=$1 missing packages
    missing=$(missing_of "$needs")
    libfuse_is_there || missing+=${missing:+$'\n'}'libfuse3-dev >= 3.17 (pc:fuse3)'
    [[ -n $missing ]] || return 0
    is_debian_like ||
        fail "neither Debian nor Ubuntu; please install, by their names: $(enumerated <<<"$missing")"
    ((EUID == 0)) || fail "run it once as root to install: $(enumerated <<<"$missing")"

    # One broken source among many need not be one that matters here.
    apt_update || step 'going on with the package lists that there are'
    libfuse_is_there || needs+=$'\n'$(libfuse_needs)
    packages=$(missing_of "$needs" | sed 's/ .*//' | sort -u)
    if [[ -n $packages ]]; then
        # shellcheck disable=SC2086 # one word a package
        apt_install $packages || fail 'the installation failed'
    fi
    missing=$(missing_of "$needs")
    [[ -z $missing ]] || fail "still missing after the installation: $(enumerated <<<"$missing")"
    if ! libfuse_is_there; then
        step 'fetching the source of libfuse'
        scripts/fetch-libfuse || exit 1
    fi
}

# build_in DIRECTORY [MESON OPTION...]
build_in() {
    local dir=$1 options="${*:2}" again=()
    shift
    if [[ -e $dir/build.ninja ]]; then
        again=(--reconfigure)
    else
        # At most what an interrupted run left.
        rm -rf "$dir"
    fi
    if [[ ! -e $dir/options || $(<"$dir/options") != "$options" ]]; then
        step "configuring $dir"
        quietly meson setup "${again[@]}" "$dir" "$@" || return
        echo "$options" >"$dir/options"
    fi
    step "building $dir"
    quietly ninja -C "$dir"
}

# The fuzz targets with libFuzzer, which is clang's.
fuzz_build() {
    CC=clang build_in build-fuzz -Dtests=disabled -Dman=disabled -Dvolumed=enabled \
        -Dfuzz=enabled -Db_sanitize=address,undefined -Db_lundef=false
}
