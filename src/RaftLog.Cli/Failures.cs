using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Client;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Cli;

/// <summary>Turns what can go wrong into a text on standard error and an exit code: no stack trace for what a person can mend.</summary>
internal static class Failures
{
    /// <summary>Runs a command.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (KafkaException failure) when (failure.Code == ErrorCode.NetworkException)
        {
            Console.Error.WriteLine(failure.Message);
            Console.Error.WriteLine("Is the cluster running? --bootstrap-server says where it is; 'raftlog up' starts one here.");
            return ExitCode.Failed;
        }
        catch (DiskException failure)
        {
            Console.Error.WriteLine($"{failure.Message}: {failure.WayOut}");
            return ExitCode.Failed;
        }
        catch (KafkaException failure) when (failure.Code == ErrorCode.UnsupportedVersion)
        {
            Console.Error.WriteLine(failure.Message);
            Console.Error.WriteLine(
                "Either the broker is older than what was asked of it, or that is the port of the metadata quorum (CONTROLLER): clients "
                    + "connect to the node's other listener."
            );
            return ExitCode.Failed;
        }
        catch (Exception failure)
            when (failure
                    is ConfigurationException
                        or NodeStartException
                        or LogDirectoryException
                        or KafkaException
                        or FormatException
                        or IOException
                        or UnauthorizedAccessException
            )
        {
            Console.Error.WriteLine(failure.Message);
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Ok;
        }
    }
}
