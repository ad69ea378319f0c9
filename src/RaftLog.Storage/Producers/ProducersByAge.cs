namespace RaftLog.Storage;

/// <summary>
/// The producers without an open transaction, in the order of their last append: whoever must be forgotten first stands first. A list that
/// runs through the states themselves, so adding, moving and removing cost the same for any number of producers.
/// </summary>
internal sealed class ProducersByAge
{
    /// <summary>The producer that was silent longest; null when there is none.</summary>
    public ProducerState? Oldest { get; private set; }

    private ProducerState? _newest;

    /// <summary>The producer has just appended: it becomes the newest.</summary>
    public void Touch(ProducerState state)
    {
        if (ReferenceEquals(_newest, state))
        {
            return;
        }

        Remove(state);
        state.Older = _newest;
        if (_newest is null)
        {
            Oldest = state;
        }
        else
        {
            _newest.Newer = state;
        }

        _newest = state;
    }

    /// <summary>Takes a producer out; does nothing where it is not in the list.</summary>
    public void Remove(ProducerState state)
    {
        if (state.Older is null && !ReferenceEquals(Oldest, state))
        {
            return;
        }

        if (state.Older is { } older)
        {
            older.Newer = state.Newer;
        }
        else
        {
            Oldest = state.Newer;
        }

        if (state.Newer is { } newer)
        {
            newer.Older = state.Older;
        }
        else
        {
            _newest = state.Older;
        }

        state.Older = null;
        state.Newer = null;
    }

    /// <summary>Takes all out. The states themselves are forgotten by the caller.</summary>
    public void Clear()
    {
        Oldest = null;
        _newest = null;
    }
}
