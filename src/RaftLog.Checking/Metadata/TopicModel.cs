namespace RaftLog.Checking;

/// <summary>
/// One topic as a thing that is changed by one client at a time: creating and deleting test and set, partitions only grow, a setting is a
/// register.
/// </summary>
public sealed class TopicModel : ISequentialModel<TopicState, MetadataOperation>
{
    /// <inheritdoc />
    public TopicState Initial => default;

    /// <inheritdoc />
    public bool TryApply(TopicState state, MetadataOperation call, out TopicState next)
    {
        (bool fits, next) = call.Action switch
        {
            MetadataAction.Create => (!state.Exists, new TopicState(true, call.Argument.Partitions, 0)),
            MetadataAction.Delete => (state.Exists, default),
            MetadataAction.Grow => (
                state.Exists && state.Partitions < call.Argument.Partitions,
                state with
                {
                    Partitions = call.Argument.Partitions,
                }
            ),
            MetadataAction.Set => (state.Exists, state with { Setting = call.Argument.Setting }),
            MetadataAction.Read => (state == call.Argument, state),
            _ => (true, state),
        };
        return fits;
    }
}
