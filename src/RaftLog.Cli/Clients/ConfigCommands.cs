using System.CommandLine;
using System.Globalization;
using RaftLog.Broker.Configuration;
using RaftLog.Cli.Output;
using RaftLog.Client;
using RaftLog.Client.Admin;

namespace RaftLog.Cli.Clients;

/// <summary>
/// <c>raftlog config describe | set | delete</c>: configuration of topics, brokers, all brokers, groups and subscriptions to client
/// metrics.
/// </summary>
internal static class ConfigCommands
{
    /// <summary>The name that stands for all brokers.</summary>
    private const string AllBrokers = "all";

    private static readonly Dictionary<string, ConfigResourceType> Types = new(StringComparer.Ordinal)
    {
        ["topic"] = ConfigResourceType.Topic,
        ["broker"] = ConfigResourceType.Broker,
        ["group"] = ConfigResourceType.Group,
        ["client-metrics"] = ConfigResourceType.ClientMetrics,
    };

    public static Command Create() =>
        new("config", "Show and change the configuration of topics, brokers and groups.") { Describe(), Set(), Delete() };

    private static Argument<string> Type => new("type") { Description = "topic, broker, group or client-metrics." };

    private static Argument<string> Name =>
        new("name") { Description = "The topic, the broker's id ('all' for what holds for every broker), the group." };

    private static Command Describe()
    {
        Argument<string> type = Type;
        Argument<string> name = Name;
        Option<bool> all = new("--all") { Description = "Also keys that have their default value." };
        Command command = new("describe", "Show what is set, and where.") { type, name, all };
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, cancel) =>
            {
                ConfigResource resource = Resource(parsed.GetValue(type)!, parsed.GetValue(name)!);
                Table table = new("KEY", "VALUE", "SET BY");
                foreach (ConfigEntry entry in await cluster.Admin.DescribeConfigsAsync(resource, cancel))
                {
                    if (entry.Source == ConfigEntrySource.Default && !parsed.GetValue(all))
                    {
                        continue;
                    }

                    table.Add(entry.Name, Shown(entry), SetBy(entry.Source));
                    if (json)
                    {
                        Console.WriteLine(
                            Json.Line(writer =>
                            {
                                writer.WriteStartObject();
                                writer.WriteString("key", entry.Name);
                                writer.WriteString("value", entry.Value);
                                writer.WriteString("source", entry.Source.ToString());
                                writer.WriteBoolean("readOnly", entry.IsReadOnly);
                                writer.WriteBoolean("sensitive", entry.IsSensitive);
                                writer.WriteEndObject();
                            })
                        );
                    }
                }

                if (!json)
                {
                    Console.Write(table);
                }

                return ExitCode.Ok;
            }
        );
    }

    private static Command Set()
    {
        Argument<string> type = Type;
        Argument<string> name = Name;
        Argument<string[]> pairs = new("key=value")
        {
            Description = "What to set; several are set together or not at all.",
            Arity = ArgumentArity.OneOrMore,
        };
        return Change(
            new Command("set", "Set keys.") { type, name, pairs },
            parsed =>
            {
                ConfigResource resource = Resource(parsed.GetValue(type)!, parsed.GetValue(name)!);
                List<ConfigChange> changes = [.. parsed.GetValue(pairs)!.Select(pair => Pair(resource, pair))];
                changes.ForEach(WarnOfUnknown);
                return changes;
            }
        );
    }

    private static Command Delete()
    {
        Argument<string> type = Type;
        Argument<string> name = Name;
        Argument<string[]> keys = new("key")
        {
            Description = "The keys that shall have their default again.",
            Arity = ArgumentArity.OneOrMore,
        };
        return Change(
            new Command("delete", "Give keys their default again.") { type, name, keys },
            parsed =>
            {
                ConfigResource resource = Resource(parsed.GetValue(type)!, parsed.GetValue(name)!);
                return [.. parsed.GetValue(keys)!.Select(key => new ConfigChange(resource, key, ConfigOperation.Delete, null))];
            }
        );
    }

    private static Command Change(Command command, Func<ParseResult, List<ConfigChange>> changesOf)
    {
        Option<bool> validate = new("--validate-only") { Description = "Check the change and leave it." };
        command.Options.Add(validate);
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, cancel) =>
            {
                List<ConfigChange> changes = changesOf(parsed);
                bool isCheck = parsed.GetValue(validate);
                (await cluster.Admin.AlterConfigsAsync(changes, isCheck, cancel))[0].ThrowIfFailed();
                foreach (ConfigChange change in changes)
                {
                    Console.WriteLine(
                        json ? JsonOf(change, isCheck)
                        : isCheck ? $"may be {TextOf(change)}"
                        : TextOf(change)
                    );
                }

                return ExitCode.Ok;
            }
        );
    }

    /// <summary>Nodes take every key of a broker, as Kafka's do for the sake of plugins: a typing error would not be noticed.</summary>
    private static void WarnOfUnknown(ConfigChange change)
    {
        if (change.Resource.Type == ConfigResourceType.Broker && !ConfigDefinitions.Broker.TryGet(change.Key, out _))
        {
            string meant = ConfigDefinitions.Broker.Suggest(change.Key) is { } closest ? $"; did you mean '{closest}'?" : "";
            Console.Error.WriteLine($"{change.Key}: RaftLog has no such key, and nothing will act on it{meant}");
        }
    }

    private static string TextOf(ConfigChange change) =>
        change.Operation == ConfigOperation.Set ? $"set {change.Key}={change.Value}" : $"deleted {change.Key}";

    private static string JsonOf(ConfigChange change, bool isCheck) =>
        Json.Line(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("key", change.Key);
            writer.WriteString("value", change.Value);
            writer.WriteBoolean("changed", !isCheck);
            writer.WriteEndObject();
        });

    private static ConfigResource Resource(string type, string name)
    {
        if (!Types.TryGetValue(type, out ConfigResourceType known))
        {
            throw new FormatException(
                $"config {type}: nothing of that kind has a configuration; write one of {string.Join(", ", Types.Keys)}"
            );
        }

        if (known != ConfigResourceType.Broker)
        {
            return new ConfigResource(known, name);
        }

        return name == AllBrokers || int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? new ConfigResource(known, name == AllBrokers ? "" : name)
            : throw new FormatException(
                $"config broker {name}: name a broker by its id, or '{AllBrokers}' for what holds for every broker"
            );
    }

    private static ConfigChange Pair(ConfigResource resource, string pair)
    {
        int split = pair.IndexOf('=');
        return split > 0
            ? new ConfigChange(resource, pair[..split].Trim(), ConfigOperation.Set, pair[(split + 1)..].Trim())
            : throw new FormatException($"config set {pair}: write key=value, for instance retention.ms=60000");
    }

    private static string Shown(ConfigEntry entry) => entry.IsSensitive ? "(hidden)" : entry.Value ?? "(none)";

    private static string SetBy(ConfigEntrySource source) =>
        source switch
        {
            ConfigEntrySource.Default => "default",
            ConfigEntrySource.StaticBroker => "the node's file",
            ConfigEntrySource.DynamicBroker => "the broker",
            ConfigEntrySource.DynamicDefaultBroker => "all brokers",
            ConfigEntrySource.DynamicTopic => "the topic",
            ConfigEntrySource.Group => "the group",
            _ => source.ToString(),
        };
}
