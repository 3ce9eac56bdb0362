# SPDX-License-Identifier: MIT
# fish completion for shmfuse

# The words for one of the mount options, which is given as far as it is typed.
function __shmfuse_values
    switch $argv[1]
        case 'data=*'
            printf '%s\n' auto passthrough mapped
        case 'io_uring=*' 'supervise=*'
            printf '%s\n' auto on off
        case 'local_lock=*'
            printf '%s\n' none flock posix all
        case 'subdir=*'
            string match -r '.*(?=%$)' -- (command ls -A /dev/shm 2>/dev/null) | string replace -a % /
        case 'share=*' 'share_ro=*'
            string match -v '*%*' -- (command ls -A /dev/shm 2>/dev/null)
        case 'uid=*'
            __fish_complete_users | string replace -r '\t.*' ''
        case 'gid=*'
            __fish_complete_groups | string replace -r '\t.*' ''
    end
end

function __shmfuse_mount_options
    set -l typed (commandline -ct | string replace -r '^-o' '')
    set -l word (string replace -r '.*,' '' -- $typed)
    if string match -q '*=*' -- $word
        set -l before (string replace -r '[^=:,]*$' '' -- $typed)
        for value in (__shmfuse_values $word)
            echo $before$value
        end
        return
    end
    set -l before (string replace -r '[^,]*$' '' -- $typed)
    printf "$before%s\t%s\n" \
        data= 'how data is reached' \
        io_uring= 'requests by io_uring' \
        local_lock= 'locks that end at the mount' \
        request_timeout= 'limit of the time that an answer takes' \
        allow_other 'for all users' \
        noallow_other 'for the mounting user alone' \
        ac 'the kernel may keep attributes for a tick' \
        noac 'attributes are never kept' \
        separator= 'byte between the parts of a name' \
        flat 'no directories' \
        subdir= 'mount this directory alone' \
        share= 'names of the top level that are shown too' \
        share_ro= 'the same, read-only' \
        ephemeral 'what lies in subdir= goes with the mount' \
        map_uid= 'owners here and there' \
        map_gid= 'groups here and there' \
        uid= 'the owner of everything' \
        gid= 'the group of everything' \
        create_mode= 'mode of new files' \
        size= 'limit of the bytes' \
        nr_inodes= 'limit of the files' \
        reserve 'allocate when a file grows' \
        audit 'log who makes, writes, removes and is denied' \
        supervise 'replace a serving process that dies' \
        supervise= 'the same, where the kernel can' \
        ro read-only \
        nosuid 'ignore set-ID bits' \
        nodev 'no devices' \
        noexec 'nothing can be executed' \
        noatime 'keep no access times'
end

set -l who '__fish_seen_subcommand_from who'

complete -c shmfuse -f
complete -c shmfuse -n "not $who" -a '(__fish_complete_directories)'
complete -c shmfuse -n __fish_is_first_token -a who -d 'Which processes use an object'
complete -c shmfuse -n "not $who" -s o -x -d 'Mount options' -a '(__shmfuse_mount_options)'
complete -c shmfuse -n "not $who" -s f -d 'Stay in the foreground'
complete -c shmfuse -n "not $who" -s d -d 'Show each request, in the foreground'
complete -c shmfuse -n "not $who" -l check -d 'Tell what this machine can do'
complete -c shmfuse -n "not $who" -s V -l version -d 'Show version numbers'
complete -c shmfuse -s h -l help -d 'Show the options'
complete -c shmfuse -n $who -F -a '(command ls -A /dev/shm 2>/dev/null)'
complete -c shmfuse -n $who -l json -d 'For programs'
