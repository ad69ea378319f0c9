using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace RaftLog.Platform.Waiting;

/// <summary>
/// A bounded first-in-first-out queue from many producers to one consuming loop. At the bound <see cref="TryEnqueue"/> says no, and the
/// producer decides: stop reading, drop, or answer that the node is busy.
/// </summary>
/// <typeparam name="T">The item.</typeparam>
public sealed class AsyncQueue<T>
{
    private readonly Lock _lock = new();
    private readonly Queue<T> _items = new();
    private readonly AsyncSignal _signal;
    private readonly int _capacity;
    private bool _completed;

    /// <summary>Creates a queue that holds at most <paramref name="capacity"/> items.</summary>
    public AsyncQueue(Waiters waiters, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _signal = new AsyncSignal(waiters);
        _capacity = capacity;
    }

    /// <summary>The number of items in the queue.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _items.Count;
            }
        }
    }

    /// <summary>Appends an item; false when the queue is full or completed.</summary>
    public bool TryEnqueue(T item)
    {
        lock (_lock)
        {
            if (_completed || _items.Count == _capacity)
            {
                return false;
            }

            _items.Enqueue(item);
            if (_items.Count > 1)
            {
                return true;
            }
        }

        _signal.Set();
        return true;
    }

    /// <summary>Takes the oldest item, if there is one.</summary>
    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        lock (_lock)
        {
            return _items.TryDequeue(out item);
        }
    }

    /// <summary>
    /// Waits until there is an item: true. False once the queue is completed and empty, or its waiters are closed. For the one consumer.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> WaitToReadAsync()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_items.Count > 0)
                {
                    return true;
                }

                if (_completed)
                {
                    return false;
                }
            }

            if (await _signal.WaitAsync() == WaitOutcome.Closed && Count == 0)
            {
                return false;
            }
        }
    }

    /// <summary>Takes no more items; those inside can still be read.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _completed = true;
        }

        _signal.Set();
    }
}
