using System.Runtime.CompilerServices;

namespace RaftLog.Platform.Waiting;

/// <summary>The state of one call of an asynchronous method while it waits; later calls of the method take the object again.</summary>
internal sealed class SuspendedCall<TStateMachine, TResult> : ReusedState<TResult>
    where TStateMachine : IAsyncStateMachine
{
    private const int MaxSpare = 1024;

    private static readonly Lock s_lock = new();
    private static readonly Stack<SuspendedCall<TStateMachine, TResult>> s_spare = [];

    private TStateMachine? _stateMachine;
    private ExecutionContext? _context;

    private SuspendedCall() => Continue = MoveNext;

    /// <summary>Goes on with the call, after its wait.</summary>
    internal Action Continue { get; }

    internal static SuspendedCall<TStateMachine, TResult> Rent()
    {
        lock (s_lock)
        {
            if (s_spare.TryPop(out SuspendedCall<TStateMachine, TResult>? spare))
            {
                return spare;
            }
        }

        return new SuspendedCall<TStateMachine, TResult>();
    }

    internal void Begin(TStateMachine stateMachine) => _stateMachine = stateMachine;

    /// <summary>What follows the wait runs in the execution context that is current now.</summary>
    internal void KeepContext() => _context = ExecutionContext.Capture();

    /// <inheritdoc/>
    private protected override void GiveBack()
    {
        _stateMachine = default;
        _context = null;
        lock (s_lock)
        {
            if (s_spare.Count < MaxSpare)
            {
                s_spare.Push(this);
            }
        }
    }

    private void MoveNext()
    {
        if (_context is { } context)
        {
            ExecutionContext.Run(context, static self => ((SuspendedCall<TStateMachine, TResult>)self!)._stateMachine!.MoveNext(), this);
        }
        else
        {
            _stateMachine!.MoveNext();
        }
    }
}
