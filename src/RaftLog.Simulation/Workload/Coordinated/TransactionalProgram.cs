namespace RaftLog.Simulation;

/// <summary>A program that works in transactions until it is stopped.</summary>
/// <param name="number">Its number.</param>
public abstract class TransactionalProgram(int number)
{
    /// <summary>What it did with transactions.</summary>
    public TransactionLog Log { get; } = new(number);

    /// <summary>True when it does nothing more.</summary>
    public bool IsDone { get; private set; }

    /// <summary>True once it is to begin nothing new.</summary>
    protected bool IsStopped { get; private set; }

    /// <summary>Ends what it is at, and begins nothing new.</summary>
    public void Stop() => IsStopped = true;

    /// <summary>Works until it is stopped.</summary>
    public async Task RunAsync()
    {
        await WorkAsync();
        IsDone = true;
    }

    /// <summary>What it does until <see cref="IsStopped"/>.</summary>
    protected abstract Task WorkAsync();
}
