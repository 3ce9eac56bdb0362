# SPDX-License-Identifier: MIT
# bash completion for shmfuse-volumed                          -*- shell-script -*-

_shmfuse_volumed() {
	compopt -o filenames
	case $2 in
	-*) mapfile -t COMPREPLY < <(
		compgen -W '--socket --run-dir --state-file --shmfuse -h --help -V --version' -- "$2") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	esac
}

complete -F _shmfuse_volumed shmfuse-volumed
