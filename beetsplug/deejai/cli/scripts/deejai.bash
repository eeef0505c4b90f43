# Completion of `beet deejai` for bash. Source it after that of beets itself, to which it leaves all other commands.

@tables@

_beet_deejai() {
    local -a offers
    local place= at word files= value= current=$2 previous=$3
    for (( at = 1; at < COMP_CWORD; at++ )); do
        word=${COMP_WORDS[at]}
@way@
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    offers=() files=
    _beet_deejai_value "$place $previous"
    if [[ -z $value && $current == -* ]]; then
        _beet_deejai_flags "$place"
    elif [[ -z $value ]]; then
        _beet_deejai_arguments "$place"
    fi
    COMPREPLY=( $(compgen -W "${offers[*]}" -- "$current") )
    if [[ $value == folder ]]; then
        compopt +o default -o dirnames
    elif [[ $value != file && -z $files ]]; then
        compopt +o default
    fi
} 2>/dev/null  # bash 3.2, as of macOS, knows no compopt, and offers files more often

# Everything but `beet deejai` is for what completes `beet` otherwise: that of beets, or of the system.
_beet_deejai_others() {
    if ! declare -F _beet >/dev/null; then
        _comp_load beet || _completion_loader beet
        complete -o default -F _beet_deejai beet
    fi
    if declare -F _beet >/dev/null; then
        compopt +o default -o filenames
        _beet "$@"
    elif (( COMP_CWORD == 1 )); then
        COMPREPLY=( $(compgen -W deejai -- "$2") )
    fi
}

complete -o default -F _beet_deejai beet
