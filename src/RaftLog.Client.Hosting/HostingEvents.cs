using Microsoft.Extensions.Logging;

namespace RaftLog.Client.Hosting;

/// <summary>The events that consumers of a host log.</summary>
internal static partial class HostingEvents
{
    [LoggerMessage(
        2001,
        LogLevel.Warning,
        "{Partition}, offset {Offset}: attempt {Attempt} of {Attempts} failed",
        EventName = "HandlerAttemptFailed"
    )]
    public static partial void HandlerAttemptFailed(
        this ILogger logger,
        Exception failure,
        string partition,
        long offset,
        int attempt,
        int attempts
    );

    [LoggerMessage(
        2002,
        LogLevel.Warning,
        "{Partition}, offset {Offset}: passed on to {Topic} after {Attempts} attempts",
        EventName = "RecordPassedOn"
    )]
    public static partial void RecordPassedOn(this ILogger logger, string partition, long offset, string topic, int attempts);

    [LoggerMessage(
        2003,
        LogLevel.Error,
        "The consumer of group {Group} failed and begins again in {Seconds} s",
        EventName = "ConsumerFailed"
    )]
    public static partial void ConsumerFailed(this ILogger logger, Exception failure, string group, double seconds);

    [LoggerMessage(
        2006,
        LogLevel.Warning,
        "Group {Group}: {LeftOut} more failed attempts were not logged, since there were many",
        EventName = "AttemptsLeftOut"
    )]
    public static partial void AttemptsLeftOut(this ILogger logger, string group, int leftOut);

    [LoggerMessage(2004, LogLevel.Information, "The consumer of group {Group} reads {Topics}", EventName = "ConsumerStarted")]
    public static partial void ConsumerStarted(this ILogger logger, string group, string topics);

    [LoggerMessage(2005, LogLevel.Information, "The consumer of group {Group} has stopped", EventName = "ConsumerStopped")]
    public static partial void ConsumerStopped(this ILogger logger, string group);
}
