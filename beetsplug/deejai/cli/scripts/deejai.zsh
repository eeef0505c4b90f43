# Completion of `beet deejai` for zsh. Source it after compinit. What completed `beet` before goes on with all else.

@tables@

_beet_deejai() {
    local place= at word files= value= previous=$words[CURRENT-1]
    local -a offers
    for (( at = 2; at < CURRENT; at++ )); do
        word=$words[at]
@way@
    offers=() files=
    if [[ $PREFIX == --*=* ]]; then
        previous=${PREFIX%%=*}
        compset -P 1 '*='
    fi
    _beet_deejai_value "$place $previous"
    if [[ $value == word ]]; then
        compadd -- $offers
    elif [[ $value == file ]]; then
        _files
    elif [[ $value == folder ]]; then
        _files -/
    elif [[ $value == text ]]; then
        _message value
    elif [[ $PREFIX == -* ]]; then
        _beet_deejai_flags "$place"
        _describe -o option offers
    else
        _beet_deejai_arguments "$place"
        [[ -z $offers ]] || _describe argument offers
        [[ -z $files ]] || _files
    fi
}

_beet_deejai_others() {
    if [[ -n $_beet_deejai_before ]]; then
        $_beet_deejai_before
    elif (( CURRENT == 2 )); then
        compadd deejai
    else
        _default
    fi
}

[[ $_comps[beet] == _beet_deejai ]] || typeset -g _beet_deejai_before=$_comps[beet]
compdef _beet_deejai beet
