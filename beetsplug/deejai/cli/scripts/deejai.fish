# Completion of `beet deejai` for fish, beside that of beets itself (`beet fish`).

set -g __beet_deejai_paths @paths@

# Whether the words so far are the way to this verb, and what is typed belongs to it.
function __beet_deejai_at
    set -l place
    set -l skip
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip
        else if string match -q -- '-*' $word
            if test -z "$place"; and contains -- $word @global_options@
                set skip yes
            end
        else
            set -l further (string trim "$place $word")
            contains -- $further $__beet_deejai_paths; or break
            set place $further
        end
    end
    test "$place" = "$argv[1]"
end

complete -c beet -n "__beet_deejai_at ''" -f -a deejai -d @help@
@lines@
