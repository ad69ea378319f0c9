using System.CommandLine;
using RaftLog.Cli.Output;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog partition move-dir</c>: moves a replica to another log directory of its broker (KIP-113).</summary>
internal static class MoveDirCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        Argument<string> topic = new("topic") { Description = "The topic's name." };
        Argument<int> index = new("partition") { Description = "The partition's index." };
        Option<int> broker = new("--broker") { Description = "The broker whose replica moves.", Required = true };
        Option<string> dir = new("--dir")
        {
            Description = "The log directory that it moves to, as in the broker's log.dirs.",
            Required = true,
        };
        Option<bool> wait = new("--wait") { Description = "Show the progress until the replica is there." };
        Command command = new("move-dir", "Move a replica to another log directory of its broker.") { topic, index, broker, dir, wait };
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, cancel) =>
            {
                TopicPartition partition = new(parsed.GetValue(topic)!, parsed.GetValue(index));
                NodeId node = new(parsed.GetValue(broker));
                string target = parsed.GetValue(dir)!;
                (await cluster.Admin.LogDirs.MoveAsync(node, target, [partition], cancel))[0].ThrowIfFailed();
                while (parsed.GetValue(wait))
                {
                    (string where, LogDirReplica? copy) = Find(await cluster.Admin.LogDirs.DescribeAsync(node, cancel), partition);
                    if (where == target && copy is null)
                    {
                        break;
                    }

                    if (copy is null)
                    {
                        throw new KafkaException(
                            ErrorCode.KafkaStorageError,
                            $"{partition} lies in {where} and is not moving any more; the node log of broker {node} says why"
                        );
                    }

                    Console.Error.WriteLine($"{partition}: {copy.SizeBytes} bytes are copied, {copy.OffsetLag} records are not");
                    await Task.Delay(Pause, TimeProvider.System, cancel);
                }

                string state = parsed.GetValue(wait) ? "moved" : "moving";
                Console.WriteLine(
                    json
                        ? Json.Line(writer =>
                        {
                            writer.WriteStartObject();
                            writer.WriteString(state, partition.ToString());
                            writer.WriteString("directory", target);
                            writer.WriteEndObject();
                        })
                        : $"{state} {partition} on broker {node} to {target}"
                );
                return ExitCode.Ok;
            }
        );
    }

    /// <summary>Where a replica lies, and the copy of it that is being made.</summary>
    private static (string Where, LogDirReplica? Copy) Find(IReadOnlyList<LogDirView> directories, TopicPartition partition)
    {
        string where = "no directory that is online";
        LogDirReplica? copy = null;
        foreach (LogDirView directory in directories)
        {
            foreach (LogDirReplica replica in directory.Replicas.Where(each => each.Partition == partition))
            {
                copy = replica.IsFuture ? replica : copy;
                where = replica.IsFuture ? where : directory.Path;
            }
        }

        return (where, copy);
    }
}
