# SPDX-License-Identifier: MIT
# bash completion for shmfuse                                  -*- shell-script -*-

# The words that can follow one of the mount options, without what is before them.
_shmfuse_values() {
	case $1 in
	data=*) printf '%s\n' auto passthrough mapped ;;
	io_uring=* | supervise=*) printf '%s\n' auto on off ;;
	local_lock=*) printf '%s\n' none flock posix all ;;
	subdir=*) compgen -G '/dev/shm/*%' | sed 's/.*\///; s/%$//; s/%/\//g' ;;
	share=* | share_ro=*) compgen -G '/dev/shm/*' | sed 's/.*\///; /%/d' ;;
	uid=*) compgen -u ;;
	gid=*) compgen -g ;;
	esac
}

# Completes the last of the words between commas, or of the patterns between colons.
_shmfuse_mount_options() {
	local typed=$1 word=${1##*,} value
	local options='data= io_uring= local_lock= allow_other noallow_other ac noac separator=
		flat subdir= share= share_ro= ephemeral map_uid= map_gid= uid= gid=
		create_mode= size= nr_inodes= reserve request_timeout= audit supervise supervise= ro nosuid nodev noexec noatime'
	compopt -o nospace
	if [[ $word != *=* ]]; then
		mapfile -t COMPREPLY < <(compgen -P "${typed%"$word"}" -W "$options" -- "$word")
		return
	fi
	value=${word#*=}
	[[ $word == share* ]] && value=${value##*:}
	mapfile -t COMPREPLY < <(
		compgen -P "${typed%"$value"}" -W "$(_shmfuse_values "$word")" -- "$value")
}

_shmfuse_who() {
	if [[ $1 == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--json -h --help' -- "$1")
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(
			compgen -f -- "$1"
			compgen -W "$(compgen -G '/dev/shm/*' | sed 's/.*\///')" -- "$1")
	fi
}

_shmfuse() {
	# '=' and ':' part words for readline, but not here.
	local typed=${COMP_LINE:0:COMP_POINT} part=${COMP_WORDS[COMP_CWORD]} before
	typed=${typed##*[[:blank:]]}
	before=${COMP_LINE:0:COMP_POINT-${#typed}}
	before=${before%"${before##*[![:blank:]]}"}
	if [[ ${COMP_WORDS[1]} == who && $COMP_CWORD -gt 1 ]]; then
		_shmfuse_who "$typed"
	elif [[ ${before##*[[:blank:]]} == -o ]]; then
		_shmfuse_mount_options "$typed"
		[[ $part == [=:] ]] && part=
		COMPREPLY=("${COMPREPLY[@]#"${typed%"$part"}"}")
	elif [[ $typed == -* ]]; then
		mapfile -t COMPREPLY < <(
			compgen -W '-o -f -d --check -h --help -V --version' -- "$typed")
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(
			compgen -d -- "$typed"
			[[ $COMP_CWORD -gt 1 ]] || compgen -W who -- "$typed")
	fi
}

complete -F _shmfuse shmfuse
