using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace RaftLog.TestKit;

/// <summary>Keeps the events that a client logs. Safe for concurrent use.</summary>
public sealed class SeenEvents : ILoggerFactory, ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<SeenEvent> _all = new();

    /// <summary>The events, in order.</summary>
    public IReadOnlyList<SeenEvent> All => [.. _all];

    /// <summary>How many events of a name there were.</summary>
    public int Count(string name) => _all.Count(each => each.Name == name);

    /// <inheritdoc cref="ILoggerFactory.CreateLogger" />
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc />
    public void AddProvider(ILoggerProvider provider) { }

    /// <inheritdoc />
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc />
    public bool IsEnabled(LogLevel logLevel) => true;

    /// <inheritdoc />
    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => _all.Enqueue(new SeenEvent(logLevel, eventId.Name ?? "", formatter(state, exception)));

    /// <inheritdoc cref="IDisposable.Dispose" />
    public void Dispose() { }
}

/// <summary>An event that was logged.</summary>
/// <param name="Level">Its level.</param>
/// <param name="Name">Its name, or empty.</param>
/// <param name="Text">Its text.</param>
public sealed record SeenEvent(LogLevel Level, string Name, string Text);
