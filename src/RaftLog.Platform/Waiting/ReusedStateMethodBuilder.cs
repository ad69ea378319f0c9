using System.Runtime.CompilerServices;

namespace RaftLog.Platform.Waiting;

/// <summary>
/// Builds an asynchronous method whose state is used again by later calls, as <see cref="PoolingAsyncValueTaskMethodBuilder{TResult}"/>
/// does. That one keeps one state for each thread and each processor, so that of many calls under way at once the rest allocate; this one
/// keeps a thousand of each method. For methods that many requests are in at once.
/// <code>
/// [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder&lt;&gt;))]
/// </code>
/// </summary>
/// <typeparam name="TResult">What the method returns.</typeparam>
public struct ReusedStateMethodBuilder<TResult>
{
    private ReusedState<TResult>? _state;
    private TResult _result;

    /// <summary>What the caller awaits, once.</summary>
    public readonly ValueTask<TResult> Task => _state is null ? new ValueTask<TResult>(_result) : _state.Task;

    internal readonly ValueTask UntypedTask => _state is null ? ValueTask.CompletedTask : _state.UntypedTask;

    /// <summary>A builder for one call.</summary>
    public static ReusedStateMethodBuilder<TResult> Create() => default;

    /// <summary>Begins the call; it keeps the caller's execution context.</summary>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => default(AsyncValueTaskMethodBuilder).Start(ref stateMachine);

    /// <summary>Nothing is to be done: states are no boxed structs.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) { }

    /// <summary>The method has returned.</summary>
    public void SetResult(TResult result)
    {
        if (_state is null)
        {
            _result = result;
        }
        else
        {
            _state.SetResult(result);
        }
    }

    /// <summary>The method has thrown.</summary>
    public void SetException(Exception exception) => (_state ??= new ReusedState<TResult>()).SetException(exception);

    /// <summary>The method waits.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(Suspend(ref stateMachine).Continue);

    /// <summary>The method waits.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(Suspend(ref stateMachine).Continue);

    private SuspendedCall<TStateMachine, TResult> Suspend<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (_state is not SuspendedCall<TStateMachine, TResult> call)
        {
            // This builder lies in the state machine: the copy that goes on must know its state.
            call = SuspendedCall<TStateMachine, TResult>.Rent();
            _state = call;
            call.Begin(stateMachine);
        }

        call.KeepContext();
        return call;
    }
}

/// <summary><see cref="ReusedStateMethodBuilder{TResult}"/> for a method that returns nothing.</summary>
public struct ReusedStateMethodBuilder
{
    private ReusedStateMethodBuilder<ValueTuple> _builder;

    /// <summary>What the caller awaits, once.</summary>
    public readonly ValueTask Task => _builder.UntypedTask;

    /// <summary>A builder for one call.</summary>
    public static ReusedStateMethodBuilder Create() => default;

    /// <summary>Begins the call; it keeps the caller's execution context.</summary>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => _builder.Start(ref stateMachine);

    /// <summary>Nothing is to be done: states are no boxed structs.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) { }

    /// <summary>The method has returned.</summary>
    public void SetResult() => _builder.SetResult(default);

    /// <summary>The method has thrown.</summary>
    public void SetException(Exception exception) => _builder.SetException(exception);

    /// <summary>The method waits.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => _builder.AwaitOnCompleted(ref awaiter, ref stateMachine);

    /// <summary>The method waits.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => _builder.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);
}
