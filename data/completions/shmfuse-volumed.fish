# SPDX-License-Identifier: MIT
# fish completion for shmfuse-volumed

complete -c shmfuse-volumed -f
complete -c shmfuse-volumed -l socket -r -F -d 'Where to listen'
complete -c shmfuse-volumed -l run-dir -r -F -d 'Where the volumes are mounted'
complete -c shmfuse-volumed -l state-file -r -F -d 'What volumes there are'
complete -c shmfuse-volumed -l shmfuse -r -F -d 'The program that mounts'
complete -c shmfuse-volumed -s h -l help -d 'Show the options'
complete -c shmfuse-volumed -s V -l version -d 'Show the version number'
