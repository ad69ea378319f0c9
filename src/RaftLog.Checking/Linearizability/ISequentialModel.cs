namespace RaftLog.Checking;

/// <summary>What a thing does when it is called by one client at a time.</summary>
/// <typeparam name="TState">Its state.</typeparam>
/// <typeparam name="TCall">A call with its response.</typeparam>
public interface ISequentialModel<TState, in TCall>
    where TState : IEquatable<TState>
{
    /// <summary>The state before all calls.</summary>
    TState Initial { get; }

    /// <summary>True with the state after the call when the call can have had its response in this state.</summary>
    bool TryApply(TState state, TCall call, out TState next);
}
