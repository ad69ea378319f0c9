using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// Access control entries, quotas, SCRAM credentials, delegation tokens and the old migration state: the latest record of each, kept whole,
/// so that replay and snapshots lose nothing of what is interpreted elsewhere.
/// </summary>
public sealed class KeptRecords
{
    /// <summary>Nothing kept.</summary>
    public static readonly KeptRecords Empty = new(ImmutableSortedDictionary<KeptKey, IMetadataRecord>.Empty);

    private readonly ImmutableSortedDictionary<KeptKey, IMetadataRecord> _records;

    private KeptRecords(ImmutableSortedDictionary<KeptKey, IMetadataRecord> records) => _records = records;

    /// <summary>Everything, ordered by record type and key. Not to be changed by readers.</summary>
    public IEnumerable<IMetadataRecord> All => _records.Values;

    /// <summary>The records of one type, in the order of their keys. Not to be changed by readers.</summary>
    public IEnumerable<T> OfType<T>()
        where T : IMetadataRecord => _records.Values.OfType<T>();

    /// <summary>Replays a record; false when it is none that is kept here.</summary>
    /// <param name="record">The record.</param>
    /// <param name="next">The records after it.</param>
    internal bool TryReplay(IMetadataRecord record, [NotNullWhen(true)] out KeptRecords? next)
    {
        next = record switch
        {
            AccessControlEntryRecord entry => Set<AccessControlEntryRecord>(entry.Id.ToString(), entry),
            RemoveAccessControlEntryRecord entry => Remove<AccessControlEntryRecord>(entry.Id.ToString()),
            UserScramCredentialRecord credential => Set<UserScramCredentialRecord>(
                CredentialKey(credential.Mechanism, credential.Name),
                credential
            ),
            RemoveUserScramCredentialRecord credential => Remove<UserScramCredentialRecord>(
                CredentialKey(credential.Mechanism, credential.Name)
            ),
            DelegationTokenRecord token => Set<DelegationTokenRecord>(token.TokenId, token),
            RemoveDelegationTokenRecord token => Remove<DelegationTokenRecord>(token.TokenId),
            ClientQuotaRecord { Remove: true } quota => Remove<ClientQuotaRecord>(QuotaKey(quota)),
            ClientQuotaRecord quota => Set<ClientQuotaRecord>(QuotaKey(quota), quota),
            ZkMigrationStateRecord state => Set<ZkMigrationStateRecord>("", state),
            _ => null,
        };
        return next is not null;
    }

    private static string CredentialKey(sbyte mechanism, string user) => $"{mechanism}:{user}";

    // Lengths stand before names, so that no two entities can have one key.
    private static string QuotaKey(ClientQuotaRecord quota) =>
        string.Concat(
            quota
                .Entity.Select(each => $"{each.EntityType.Length}:{each.EntityType}={each.EntityName?.Length ?? -1}:{each.EntityName};")
                .Order(StringComparer.Ordinal)
                .Append(quota.Key)
        );

    private KeptRecords Set<T>(string key, T record)
        where T : IMetadataRecord<T>, new() => new(_records.SetItem(new KeptKey(T.TypeId, key), MetadataRecordCodec.Copy(record)));

    private KeptRecords Remove<T>(string key)
        where T : IMetadataRecord<T>, new() => new(_records.Remove(new KeptKey(T.TypeId, key)));

    private readonly record struct KeptKey(short RecordId, string Key) : IComparable<KeptKey>
    {
        public int CompareTo(KeptKey other) =>
            RecordId != other.RecordId ? RecordId.CompareTo(other.RecordId) : string.CompareOrdinal(Key, other.Key);
    }
}
